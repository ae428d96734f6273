import { isUp } from '#lab/client/end-lab.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { readPlan, readRunState, type RunState } from '#lab/run/run-folder.ts'
import type { LabPlan, NodePlan } from '#lab/topology/plan.ts'
import { typed } from './called-as.ts'
import type { Console } from './command.ts'
import type { Target } from './parse-arguments.ts'

/** A lab as its run folder describes it. */
export interface FoundLab {
  readonly plan: LabPlan
  readonly state: RunState
}

/** @throws LabError when no lab of that name is up. */
export function findLab({ name, folder }: Target, { env }: Console): FoundLab {
  const state = readRunState(folder)
  if (state !== undefined && isUp(state)) return { plan: readPlan(folder), state }
  const bringsOneUp = typed('up', optionsOf(name), env)
  throw new LabError(`No lab named ${name} is up; "${bringsOneUp}" brings one up.`)
}

/** What a command line for a lab says of which. */
export function optionsOf(name: string): readonly string[] {
  return name === 'default' ? [] : ['--name', name]
}

/** The node of that name, or the first of the lab. */
export function findNode({ plan }: FoundLab, name: string | undefined): NodePlan {
  const found = name === undefined ? plan.nodes[0] : plan.nodes.find((node) => node.name === name)
  if (found !== undefined) return found
  const names = plan.nodes.map((node) => node.name).join(', ')
  throw new LabError(`The lab ${plan.name} has no node "${name}"; it has ${names}.`)
}
