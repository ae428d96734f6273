import { askFor } from '#lab/client/ask-lab.ts'
import type { FaultSpec } from '#lab/faults/fault-spec.ts'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { glutton } from './victim-topology.ts'

/** One fault of each kind that leaves something in the kernel, in a thread or in a process, where a topology has a place for it. */
export function planBreaks({ links, nodes }: Topology): readonly FaultSpec[] {
  const busy = nodes.filter(({ processes }) => processes.length > 0)
  return [
    // A queue and the thread that reads it, a socket that repeats packets, a token bucket.
    ...links.slice(0, 1).flatMap(({ name: link }): readonly FaultSpec[] => [
      { kind: 'delay', link, ms: 40, jitterMs: 10 },
      { kind: 'duplicate', link, percent: 30 },
      { kind: 'rate', link, mbit: 5 },
    ]),
    // Rules, and an end that is down.
    ...links.slice(-1).flatMap(({ name: link }): readonly FaultSpec[] => [
      { kind: 'partition', link },
      { kind: 'down', link },
    ]),
    // Another mount namespace with a file system in memory, and processes that hear of no signal but one.
    { kind: 'clock', node: glutton, offset: '+1y' },
    ...busy.slice(0, 1).map(({ name: node }): FaultSpec => ({ kind: 'pause', node })),
  ]
}

/** What of it is in force, and why the rest is not. */
export interface Broken {
  readonly inForce: number
  readonly refusals: readonly string[]
}

const withinMs = 8_000

/** Makes faults in a lab, as far as it is there to take them. */
export async function breakLab(folder: string, specs: readonly FaultSpec[]): Promise<Broken> {
  const signal = AbortSignal.timeout(withinMs)
  const refusals: string[] = []
  for (const spec of specs) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- a lab makes one fault at a time
      await askFor('faults', folder, { command: 'fault', spec, measure: false }, { signal })
    } catch (error) {
      if (!(error instanceof LabError) && !signal.aborted) throw error
      refusals.push(`${spec.kind}: ${messageOf(error)}`)
    }
  }
  return { inForce: specs.length - refusals.length, refusals }
}
