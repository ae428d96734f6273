import { addressSet, unmapped } from '#core/base/cidr.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { ConnectionInfo } from '#core/model/observer.ts'
import type { EndMatch, StreamRoute } from '#core/model/stream-route.ts'
import { EndIndex, keysOf, nameOfKey, networkOf, parseIpv4, type EndKey } from './end-index.ts'

/** The routes that a connection may take as far as its two ends tell. */
export interface StreamCandidates {
  /** The route of a plain client, or of one whose first bytes do not matter; undefined = there is none. */
  readonly preferred: StreamRoute | undefined
  /** Whether there is any route to take, once the first bytes are known. */
  readonly any: boolean
  /**
   * Whether the client's first bytes decide anything: not if every candidate was written for plain clients and none asks
   * for a server name.
   */
  readonly awaitsFirstBytes: boolean
  /**
   * Whether any route, also one that the connection cannot take, has its upstream at this port by TLS: other nodes with
   * the same routes then dial this one so.
   */
  readonly isTlsPort: boolean
  /** A connection without a server name takes no route that asks for one. */
  choose(serverName: string | undefined): StreamRoute | undefined
}

interface Indexed {
  readonly route: StreamRoute
  /** Place in the order of preference. */
  readonly rank: number
  readonly sources: EndMatcher
  readonly destinations: EndMatcher
}

type EndMatcher = (end: SocketAddress) => boolean

/** Finds stream routes without trying each of them. Made once for an array of routes, and gone with it. */
export class StreamRouteIndex {
  readonly #bySource = new EndIndex<Indexed>()
  readonly #byDestination = new EndIndex<Indexed>()
  /** Routes that no end leads to. */
  readonly #others: Indexed[] = []
  /** Routes that ask for a server name only, by name, most preferred first. */
  readonly #byServerName = new Map<string, Indexed>()
  readonly #tlsPorts = new Set<number>()

  constructor(routes: readonly StreamRoute[]) {
    for (const { upstream } of routes) {
      const { target, transport } = upstream
      if (transport === 'tls' && target !== 'original-destination') this.#tlsPorts.add(target.port)
    }
    const crowds = { sources: new Map<string, number>(), destinations: new Map<string, number>() }
    const keyed = routes.map(({ match }) => {
      const keys = {
        sources: match.sources && keysOf(match.sources),
        destinations: match.destinations && keysOf(match.destinations),
      }
      for (const side of ['sources', 'destinations'] as const) {
        for (const key of keys[side] ?? []) {
          const name = nameOfKey(key)
          crowds[side].set(name, (crowds[side].get(name) ?? 0) + 1)
        }
      }
      return keys
    })
    const crowdOf = (
      side: 'sources' | 'destinations',
      keys: readonly EndKey[] | undefined,
    ): number =>
      keys === undefined
        ? Infinity
        : Math.max(0, ...keys.map((key) => crowds[side].get(nameOfKey(key)) ?? 0))
    for (const [rank, route] of routes.entries()) {
      const { sources, destinations, serverNames } = route.match
      const indexed: Indexed = {
        route,
        rank,
        sources: endMatcher(sources),
        destinations: endMatcher(destinations),
      }
      if (serverNames !== undefined && sources === undefined && destinations === undefined) {
        for (const name of serverNames) {
          if (!this.#byServerName.has(name)) this.#byServerName.set(name, indexed)
        }
        continue
      }
      const keys = keyed[rank]
      const bySource = crowdOf('sources', keys?.sources)
      const byDestination = crowdOf('destinations', keys?.destinations)
      // The side that fewer routes share leads to fewer of them.
      if (bySource === Infinity && byDestination === Infinity) this.#others.push(indexed)
      else if (bySource < byDestination) this.#bySource.add(keys?.sources ?? [], indexed)
      else this.#byDestination.add(keys?.destinations ?? [], indexed)
    }
  }

  candidates({
    client,
    destination,
  }: Pick<ConnectionInfo, 'client' | 'destination'>): StreamCandidates {
    const tried: Indexed[] = []
    // Who is found by an end fits by it.
    this.#bySource.find(client, (indexed) => {
      if (indexed.destinations(destination)) tried.push(indexed)
    })
    this.#byDestination.find(destination, (indexed) => {
      if (indexed.sources(client)) tried.push(indexed)
    })
    for (const indexed of this.#others) {
      if (indexed.sources(client) && indexed.destinations(destination)) tried.push(indexed)
    }
    // Two alternatives of one route may have led to it.
    const found = tried.length > 1 ? [...new Set(tried)].toSorted((a, b) => a.rank - b.rank) : tried
    const byServerName = this.#byServerName
    return {
      preferred: found[0]?.route,
      any: found.length > 0 || byServerName.size > 0,
      awaitsFirstBytes:
        byServerName.size > 0 ||
        found.some(
          ({ route: { match } }) => match.expects !== 'plain' || match.serverNames !== undefined,
        ),
      isTlsPort: this.#tlsPorts.has(destination.port),
      choose: (serverName) => {
        const fitting = found.find(({ route: { match } }) =>
          match.serverNames === undefined
            ? true
            : serverName !== undefined && match.serverNames.includes(serverName),
        )
        const named = serverName === undefined ? undefined : byServerName.get(serverName)
        if (named === undefined) return fitting?.route
        return fitting === undefined || named.rank < fitting.rank ? named.route : fitting.route
      },
    }
  }
}

const indexes = new WeakMap<readonly StreamRoute[], StreamRouteIndex>()

/** The routes of an array that a connection may take. */
export function candidatesOf(
  routes: readonly StreamRoute[],
  ends: Pick<ConnectionInfo, 'client' | 'destination'>,
): StreamCandidates {
  let index = indexes.get(routes)
  if (index === undefined) {
    index = new StreamRouteIndex(routes)
    indexes.set(routes, index)
  }
  return index.candidates(ends)
}

function endMatcher(ends: readonly EndMatch[] | undefined): EndMatcher {
  if (ends === undefined) return () => true
  const alternatives = ends.map(({ block, port }): EndMatcher => {
    const fits = block === undefined ? () => true : addressMatcher(block)
    return (end) => (port === undefined || port === end.port) && fits(end.address)
  })
  const [only] = alternatives
  if (only !== undefined && alternatives.length === 1) return only
  return (end) => alternatives.some((matches) => matches(end))
}

function addressMatcher(block: string): (address: string) => boolean {
  const [key] = keysOf([{ block, port: undefined }]) ?? []
  // Node's own sets are exact, too, but a call into them costs more than all the rest.
  if (key?.address !== undefined) {
    const { address: wanted } = key
    return (address) => address === wanted || unmapped(address) === wanted
  }
  const { bits, network } = key ?? {}
  if (bits !== undefined) {
    return (address) => {
      const plain = unmapped(address)
      return !plain.includes(':') && networkOf(parseIpv4(plain), bits) === network
    }
  }
  const set = addressSet([block])
  return (address) => set.has(address)
}
