import { renderEndpoint } from '#lab/probes/hops.ts'
import type { Entry } from '#lab/probes/ledger/book.ts'
import { connectionsTaken, type LogText } from '#lab/probes/ledger/read-logs.ts'
import type { Crossing } from './read-crossings.ts'

export interface ClaimsOptions {
  /** Whether a connection is told of by this log alone; others are named otherwise. */
  readonly isStream: (crossing: Crossing) => boolean
  /** Who has dialled earlier. */
  readonly earlier: ReadonlySet<string>
}

/**
 * What a log that only names connections claims of requests: those that packets show on the connections it names. One
 * that no packet shows is nobody's.
 */
export function claimedByConnection(
  log: LogText,
  crossings: readonly Crossing[],
  { isStream, earlier }: ClaimsOptions,
): readonly Entry[] {
  const into = crossings.filter(({ hop }) => hop.to === log.node)
  const left = Map.groupBy(into, ({ hop }) => renderEndpoint(hop.connection.client))
  return connectionsTaken(log).flatMap(({ client, where }): readonly Entry[] => {
    const crossing = left.get(client)?.shift()
    if (crossing === undefined) {
      // What it tells of an earlier scenario is not of this one.
      return earlier.has(client) ? [] : [{ id: undefined, where: `${where}: ${client}` }]
    }
    if (!isStream(crossing)) return []
    return crossing.entries.map(({ id }) => ({ id, where }))
  })
}
