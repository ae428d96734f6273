import { findCanary, type Canary, type Sighting } from '#lab/probes/canary.ts'
import type { AddressBook } from '#lab/probes/hops.ts'
import { missingBytes } from '#lab/probes/runs.ts'
import type { Wire, WireHop } from '#lab/probes/wire.ts'
import { chooseTaker, connectionKey, type Way } from './choose-taker.ts'

/** What the packets of one scenario show, for matchers. */
export interface SeenWire extends Pick<Wire, 'earlier' | 'numberOf'> {
  readonly hops: readonly SeenHop[]
  /** What one node dialled and another one took. */
  readonly link: (from: string, to: string) => SeenLink
  /** The way of the request that carries this secret. */
  readonly request: (canary: Canary) => SeenRequest
}

export interface SeenHop extends WireHop {
  readonly from: string | undefined
  /** Who took the connection, whomever it was dialled for. */
  readonly to: string | undefined
  /** In words: packet numbers, ends and link. */
  readonly place: string
  find(canary: Canary): readonly NumberedSighting[]
  /** Payload bytes that the capture missed. */
  readonly missingBytes: number
}

export interface NumberedSighting extends Sighting {
  /** In the capture file of the scenario. */
  readonly packet: number | undefined
}

export interface SeenLink {
  readonly kind: 'link'
  readonly from: string
  readonly to: string
  readonly hops: readonly SeenHop[]
  readonly wire: SeenWire
}

export interface SeenRequest {
  readonly kind: 'request'
  readonly canary: Canary
  /** The connections that carried it to a server, in that order; one that crossed several links once. */
  readonly carriers: readonly Carrier[]
  /** What might have carried it too, but cannot be read. */
  readonly unread: readonly SeenHop[]
}

export interface Carrier {
  readonly hop: SeenHop
  readonly sighting: NumberedSighting
}

/** Says who took each connection, and finds links and requests. */
export function seeWire(wire: Wire, { book, way }: { book: AddressBook; way: Way }): SeenWire {
  const links = Map.groupBy(wire.hops, ({ connection }) => connectionKey(connection))
  const hops = wire.hops.map((hop): SeenHop => {
    const { connection, record } = hop
    const seenOn = links.get(connectionKey(connection)) ?? [hop]
    const intercepted = way.rules === 'installed' && way.ports.has(connection.server.port)
    const ends = intercepted ? way.ends?.[connection.link] : undefined
    const owner = book.get(connection.client.address)
    const from = ends !== undefined && [undefined, owner].includes(ends.as) ? ends.from : owner
    const dialled = {
      from,
      owner: book.get(connection.server.address),
      port: connection.server.port,
      links: seenOn.map((each) => each.connection.link),
    }
    return {
      ...hop,
      record: ends === undefined ? record : { ...record, from, to: ends.to },
      from,
      to: ends?.to ?? chooseTaker(dialled, way),
      place: `packets ${record.packets?.first}–${record.packets?.last} (${record.source} → ${record.destination} on ${record.link})`,
      missingBytes: missingBytes(connection.toServer) + missingBytes(connection.toClient),
      find: (canary) =>
        findCanary(canary, { ...connection, content: hop.tls?.content }).map((sighting) => ({
          ...sighting,
          packet: sighting.frame && wire.numberOf(sighting.frame),
        })),
    }
  })
  const seen: SeenWire = {
    hops,
    earlier: wire.earlier,
    numberOf: (frame) => wire.numberOf(frame),
    link: (from, to) => ({
      kind: 'link',
      from,
      to,
      hops: hops.filter((hop) => hop.from === from && hop.to === to),
      wire: seen,
    }),
    request: (canary) => traceRequest(canary, hops),
  }
  return seen
}

function traceRequest(canary: Canary, hops: readonly SeenHop[]): SeenRequest {
  const found = hops.flatMap((hop): Carrier[] => {
    const sighting = hop.find(canary).find(({ direction }) => direction === 'toServer')
    return sighting === undefined ? [] : [{ hop, sighting }]
  })
  const inOrder = found.toSorted((a, b) => (a.sighting.packet ?? 0) - (b.sighting.packet ?? 0))
  const connections = Map.groupBy(inOrder, ({ hop }) => connectionKey(hop.connection))
  return {
    kind: 'request',
    canary,
    carriers: [...connections.values()].flatMap(([first]) => first ?? []),
    unread: hops.filter((hop) => hop.tls !== undefined && hop.tls.content === undefined),
  }
}
