import { addressBook } from '#lab/probes/hops.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import { openKeyReader } from './key-reader.ts'
import { LiveConnections } from './live-connections.ts'
import type { SeenEvent } from './seen-event.ts'
import { watchByTurns } from './watch-by-turns.ts'
import type { WatchedLink } from './watch-links.ts'

export interface TapOptions {
  readonly plan: LabPlan
  /** What a node sends or is sent. Default: everything. */
  readonly node?: string | undefined
  readonly link?: string | undefined
  readonly signal: AbortSignal
  readonly onReady: (links: readonly WatchedLink[]) => void
  readonly onEvent: (event: SeenEvent) => void
}

/** A connection that ended may still be opened by keys that are on their way. */
const keptMs = 500

/**
 * Tells of requests and connections as the packets of the lab show them, until the signal aborts.
 * @throws LabError when the links cannot be watched.
 */
export async function tap(options: TapOptions): Promise<void> {
  const { plan, node, link, signal, onReady, onEvent } = options
  const nodes = plan.nodes.filter(({ kind }) => kind !== 'switch')
  const connections = new LiveConnections(addressBook(nodes))
  const readKeys = openKeyReader(plan)
  const tell = (endedBeforeMs: number): void => {
    connections.addKeys(readKeys?.() ?? '')
    for (const event of connections.next(endedBeforeMs)) {
      if (node === undefined || event.from === node || event.to === node) onEvent(event)
    }
  }
  await watchByTurns({
    plan,
    link,
    signal,
    onReady,
    onFrames: (frames) => {
      connections.add(frames)
    },
    lateMs: keptMs,
    onTurn: tell,
  })
}
