import { isUp } from '#lab/client/end-lab.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { readPlan, readRunState, type RunState } from '#lab/run/run-folder.ts'
import type { LabPlan, NodePlan } from '#lab/topology/plan.ts'
import type { Target } from './parse-arguments.ts'

/** A lab as its run folder describes it. */
export interface FoundLab {
  readonly plan: LabPlan
  readonly state: RunState
}

/** @throws LabError when no lab of that name is up. */
export function findLab({ name, folder }: Target): FoundLab {
  const state = readRunState(folder)
  if (state !== undefined && isUp(state)) return { plan: readPlan(folder), state }
  const option = name === 'default' ? '' : ` -- --name ${name}`
  throw new LabError(`No lab named ${name} is up; "npm run lab:up${option}" brings one up.`)
}

/** The node of that name, or the first of the lab. */
export function findNode({ plan }: FoundLab, name: string | undefined): NodePlan {
  const found = name === undefined ? plan.nodes[0] : plan.nodes.find((node) => node.name === name)
  if (found !== undefined) return found
  const names = plan.nodes.map((node) => node.name).join(', ')
  throw new LabError(`The lab ${plan.name} has no node "${name}"; it has ${names}.`)
}
