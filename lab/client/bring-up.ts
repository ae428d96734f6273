import type { LabEvent } from '#lab/holder/messages.ts'
import { projectRoot } from '#lab/run/home.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { readRunState, type RunState } from '#lab/run/run-folder.ts'
import { takeTurn } from '#lab/run/turn.ts'
import { planLab } from '#lab/topology/plan.ts'
import { topologyFaults } from '#lab/topology/topology-faults.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { isUp } from './end-lab.ts'
import { launchLab, type LaunchedLab } from './launch.ts'

export interface BringUpOptions {
  readonly name: string
  /** Absolute. */
  readonly folder: string
  readonly topology: Topology
  readonly bare: boolean
  readonly keyLog?: boolean
  readonly onEvent?: (event: LabEvent) => void
  readonly signal?: AbortSignal
}

export type BroughtUp =
  | { readonly kind: 'launched'; readonly launched: LaunchedLab }
  | { readonly kind: 'already-up'; readonly state: RunState }

/**
 * Starts a lab unless one runs in that folder.
 * @throws LabError that says what is wrong with the machine, the topology or the first node that could not start.
 */
export async function bringUp(options: BringUpOptions): Promise<BroughtUp> {
  const { name, folder, topology, bare, keyLog = false, signal } = options
  refuseWithoutRoot()
  refuseBelowRun(folder)
  const faults = topologyFaults(topology)
  if (faults.length > 0) {
    throw new LabError(`The topology ${topology.name} cannot run:\n  ${faults.join('\n  ')}`)
  }
  await using _turn = await takeTurn(folder, signal)
  const state = readRunState(folder)
  if (state !== undefined && isUp(state)) return { kind: 'already-up', state }
  const plan = planLab(topology, {
    name,
    folder,
    root: projectRoot,
    node: process.execPath,
    bare,
    keyLog,
  })
  return { kind: 'launched', launched: await launchLab(plan, options) }
}

function refuseWithoutRoot(): void {
  if (process.geteuid?.() === 0) return
  throw new LabError('A lab makes network namespaces, which needs root: run this with sudo.')
}

function refuseBelowRun(folder: string): void {
  if (!`${folder}/`.startsWith('/run/') && !`${folder}/`.startsWith('/var/run/')) return
  throw new LabError(`A lab has a /run of its own, so its folder cannot be ${folder}.`)
}
