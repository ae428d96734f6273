import { renderEndpoint, toHop, readTlsOf, type AddressBook } from '#lab/probes/hops.ts'
import type { Frame } from '#lab/probes/pcap.ts'
import { frameAt, joinRuns } from '#lab/probes/runs.ts'
import type { TcpConnection } from '#lab/probes/tcp-flows.ts'
import type { KeyLog } from '#lab/probes/tls/key-log.ts'
import { offsetInDirection } from '#lab/probes/tls/read-direction.ts'
import { securityOf } from '#reports/record/hop-security.ts'
import { findExchanges } from './http-responses.ts'
import type { SeenEvent } from './seen-event.ts'

export interface EventContext {
  readonly link: string
  readonly book: AddressBook
  readonly keys: KeyLog
}

/**
 * What a connection has shown so far, in order: its requests that are answered, and once it has ended those that are not;
 * of one that carried no HTTP/1, itself once it has ended. Later calls for more of the same connection begin alike.
 */
export function eventsOf(
  connection: TcpConnection,
  { link, book, keys }: EventContext,
): readonly SeenEvent[] {
  const tls = readTlsOf(connection, keys)
  const hop = toHop(connection, { link, book, tls, numberOf: () => undefined })
  const { client, server, outcome, startedAtMs, endedAtMs, frames } = connection
  const common = {
    link,
    from: hop.from ?? renderEndpoint(client),
    to: hop.to ?? renderEndpoint(server),
    dialled: hop.destination,
    security: securityOf(hop),
    serverName: hop.serverName,
  }
  const said = (direction: 'toClient' | 'toServer'): Said => {
    const parts = tls === undefined ? undefined : (tls.content?.[direction] ?? [])
    const runs = parts ?? joinRuns(connection[direction])
    return {
      bytes: Buffer.concat(runs.map(({ bytes }) => bytes)),
      frameAt: (at) =>
        frameAt(connection[direction], parts === undefined ? at : offsetInDirection(parts, at)),
    }
  }
  const [asked, answered] = [said('toServer'), said('toClient')]
  const exchanges = findExchanges(asked.bytes, answered.bytes)
  const hasEnded = outcome !== 'open'
  if (exchanges === undefined) {
    if (!hasEnded) return []
    const { bytesToServer, bytesToClient } = hop
    return [
      {
        ...common,
        at: isoTime(startedAtMs),
        request: undefined,
        connection: { outcome, bytesToServer, bytesToClient },
        durationMs: (endedAtMs ?? frames.last.atMs) - startedAtMs,
      },
    ]
  }
  return exchanges
    .filter(({ status }) => status !== undefined || hasEnded)
    .map(({ method, path, askedAt, status, answeredAt }) => {
      const beganMs = asked.frameAt(askedAt)?.atMs ?? startedAtMs
      const answer = answeredAt === undefined ? undefined : answered.frameAt(answeredAt)
      return {
        ...common,
        at: isoTime(beganMs),
        request: { method, path, status },
        connection: undefined,
        // A server may have answered before it was asked, as one does that has the same answer for all.
        durationMs: Math.max(0, (answer?.atMs ?? endedAtMs ?? frames.last.atMs) - beganMs),
      }
    })
}

interface Said {
  readonly bytes: Uint8Array
  readonly frameAt: (at: number) => Frame | undefined
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString()
}
