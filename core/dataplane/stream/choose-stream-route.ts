import { addressSet, type AddressSet } from '#core/base/cidr.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { ConnectionInfo } from '#core/model/observer.ts'
import type { EndMatch, StreamRoute } from '#core/model/stream-route.ts'

/** The routes that a connection may take as far as its two ends tell, most preferred first. */
export function candidateRoutes(
  routes: readonly StreamRoute[],
  { client, destination }: Pick<ConnectionInfo, 'client' | 'destination'>,
): readonly StreamRoute[] {
  return matchersOf(routes)
    .filter(({ sources, destinations }) => sources(client) && destinations(destination))
    .map(({ route }) => route)
}

/**
 * Chooses among candidates once the first bytes are known. A connection without a server name takes no route that asks
 * for one.
 */
export function chooseStreamRoute(
  candidates: readonly StreamRoute[],
  serverName: string | undefined,
): StreamRoute | undefined {
  return candidates.find(
    ({ match }) =>
      match.serverNames === undefined ||
      (serverName !== undefined && match.serverNames.includes(serverName)),
  )
}

/**
 * Whether the client's first bytes decide anything about the route: not if every candidate was written for plain
 * clients and none asks for a server name.
 */
export function decideFirstBytes(candidates: readonly StreamRoute[]): 'at-once' | 'await' {
  const settled = candidates.every(
    ({ match }) => match.expects === 'plain' && match.serverNames === undefined,
  )
  return settled ? 'at-once' : 'await'
}

type EndMatcher = (end: SocketAddress) => boolean

interface Matcher {
  readonly route: StreamRoute
  readonly sources: EndMatcher
  readonly destinations: EndMatcher
}

function matchersOf(routes: readonly StreamRoute[]): readonly Matcher[] {
  const known = matchers.get(routes)
  if (known !== undefined) return known
  const made = routes.map((route) => ({
    route,
    sources: endMatcher(route.match.sources),
    destinations: endMatcher(route.match.destinations),
  }))
  matchers.set(routes, made)
  return made
}

/** Blocks are parsed once for each array of routes, and gone with it. */
const matchers = new WeakMap<readonly StreamRoute[], readonly Matcher[]>()

function endMatcher(ends: readonly EndMatch[] | undefined): EndMatcher {
  if (ends === undefined) return () => true
  const alternatives = ends.map(({ block, port }) => {
    const addresses = block === undefined ? everyAddress : addressSet([block])
    return (end: SocketAddress) =>
      (port === undefined || port === end.port) && addresses.has(end.address)
  })
  return (end) => alternatives.some((matches) => matches(end))
}

const everyAddress: AddressSet = { has: () => true }
