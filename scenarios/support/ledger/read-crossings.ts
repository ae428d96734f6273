import { UnknownVerdict } from '#reports/record/unknown-verdict.ts'
import type { Entry } from '#lab/probes/ledger/book.ts'
import { legName } from '#lab/probes/ledger/plan-books.ts'
import { requestsOf } from '#lab/probes/ledger/requests-of.ts'
import { connectionKey } from '#scenarios/support/wire/choose-taker.ts'
import type { SeenHop, SeenWire } from '#scenarios/support/wire/seen-wire.ts'

/** One connection between two nodes, seen on however many links, and the requests that it carried. */
export interface Crossing {
  readonly hop: SeenHop
  readonly entries: readonly Entry[]
}

export interface CrossingsOptions {
  /** Only what was dialled and taken by these. */
  readonly nodes: ReadonlySet<string>
  /** Earlier requests of connections that go on are left out. */
  readonly sinceMs: number
}

/**
 * The requests that packets show, by connection, oldest first.
 * @throws {UnknownVerdict} When a connection of these nodes cannot be read to its end.
 */
export function readCrossings(
  { hops, numberOf }: SeenWire,
  { nodes, sinceMs }: CrossingsOptions,
): readonly Crossing[] {
  const own = hops.filter(({ from = '', to = '' }) => nodes.has(from) && nodes.has(to))
  return onceEach(own).map((hop) => {
    const { connection, tls, missingBytes, place } = hop
    if (missingBytes > 0)
      throw new UnknownVerdict(`the capture misses ${missingBytes} bytes of ${place}`)
    // Without an answer to its first message, or called off, TLS carries nothing.
    if (tls?.established === false || (tls !== undefined && tls.version === undefined)) {
      return { hop, entries: [] }
    }
    if (tls !== undefined && tls.content === undefined) {
      throw new UnknownVerdict(`nobody can tell which requests it carried: ${place}`)
    }
    const requests = requestsOf({ toServer: connection.toServer, content: tls?.content })
    const entries = requests
      .filter(({ frame }) => frame === undefined || frame.atMs >= sinceMs)
      .map(({ id, frame }): Entry => {
        const packet = frame && numberOf(frame)
        return { id, where: `packet ${packet} on ${connection.link}`, at: packet }
      })
    return { hop, entries }
  })
}

/** What they show of each leg. */
export function byLeg(crossings: readonly Crossing[]): ReadonlyMap<string, readonly Entry[]> {
  const legs = new Map<string, readonly Entry[]>()
  for (const { hop, entries } of crossings) {
    const name = legName(hop.from ?? '', hop.to ?? '')
    if (entries.length > 0) legs.set(name, [...(legs.get(name) ?? []), ...entries])
  }
  return legs
}

/** A connection that crosses several links is on each of them; the first one stands for it. */
function onceEach(hops: readonly SeenHop[]): readonly SeenHop[] {
  const links = new Map<string, string>()
  const keyOf = ({ connection, from, to }: SeenHop): string =>
    [connectionKey(connection), from, to].join(' ')
  return hops.filter((hop) => {
    const { link } = hop.connection
    const first = links.get(keyOf(hop)) ?? link
    links.set(keyOf(hop), first)
    return first === link
  })
}
