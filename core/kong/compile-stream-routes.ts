import type { EndMatch, StreamMatch, StreamRoute } from '#core/model/stream-route.ts'
import type { Identity } from '#core/model/identity.ts'
import type { CompiledFilters } from './plugins/compile-filters.ts'
import type { Upstream } from '#core/model/upstream.ts'
import { compileUpstream } from './compile-upstream.ts'
import type { Route } from './entities/route.ts'
import { routeLabel, routesOf, type Entities, type RoutedService } from './routed.ts'

export interface StreamRouteOptions {
  readonly source: Upstream['source']
  readonly identity: Identity | undefined
  readonly filters: CompiledFilters
  /** In place of the Service's timeouts. */
  readonly idleTimeoutMs: number | undefined
}

/** Attributes by weight of their bit: what decides between categories of equal size. */
const attributes = [
  ['snis', 4],
  ['sources', 2],
  ['destinations', 1],
] as const

/**
 * Compiles the Routes of the stream subsystem so that the first one that matches is the one Kong 1.1's router picks:
 * by category (more attributes first; then snis, sources, destinations), then regex_priority, then age.
 */
export function compileStreamRoutes(
  entities: Entities,
  options: StreamRouteOptions,
): { readonly routes: readonly StreamRoute[]; readonly warnings: readonly string[] } {
  const { routed, warnings } = routesOf(entities, 'stream')
  const told = [...warnings]
  const usable = routed.filter(({ route }) => {
    // A stream has no host, path or method: a Route of both subsystems that asks for one never takes it.
    if ([route.hosts, route.paths, route.methods].some((values) => values?.length)) return false
    if (bitsOf(route) > 0) return true
    told.push(
      `route ${routeLabel(route)} takes no streams: none of 'sources', 'destinations', 'snis' is set`,
    )
    return false
  })
  return {
    routes: byCategory(usable).map((entry) => compileRoute(entry, options)),
    warnings: told,
  }
}

function compileRoute(
  { route, service }: RoutedService,
  { source, identity, filters, idleTimeoutMs }: StreamRouteOptions,
): StreamRoute {
  return {
    id: route.id,
    name: route.name ?? undefined,
    match: {
      sources: ends(route.sources),
      destinations: ends(route.destinations),
      serverNames: route.snis?.length ? route.snis.map((name) => name.toLowerCase()) : undefined,
      expects: expectation(route.protocols),
    },
    upstream: compileUpstream(service, { source, identity, idleTimeoutMs }),
    filters: filters.stream({ routeId: route.id, serviceId: service?.id }),
  }
}

function byCategory(routed: readonly RoutedService[]): RoutedService[] {
  const categories = Map.groupBy(routed, ({ route }) => bitsOf(route))
  return [...categories]
    .map(([bits, members]) => ({
      bits,
      // Each server name counts as an attribute of its own, and the first member weighs for all, as in Kong 1.1.
      weight: weightOf(members[0]?.route),
      // Entries with both address and port are tried first; the sort is stable.
      members: members.toSorted((a, b) => exactEnds(b.route) - exactEnds(a.route)),
    }))
    .toSorted((a, b) => b.weight - a.weight || b.bits - a.bits)
    .flatMap(({ members }) => members)
}

function bitsOf(route: Route): number {
  return attributes.reduce((bits, [name, bit]) => bits + (route[name]?.length ? bit : 0), 0)
}

function weightOf(route: Route | undefined): number {
  if (!route) return 0
  return (
    (route.snis?.length ?? 0) +
    (route.sources?.length ? 1 : 0) +
    (route.destinations?.length ? 1 : 0)
  )
}

function exactEnds(route: Route): number {
  return [route.sources, route.destinations].filter((list) =>
    list?.some((end) => end.ip != null && end.port != null),
  ).length
}

function ends(list: Route['sources']): readonly EndMatch[] | undefined {
  if (!list?.length) return undefined
  return list.map(({ ip, port }) => ({ block: ip ?? undefined, port: port ?? undefined }))
}

function expectation(protocols: readonly string[]): StreamMatch['expects'] {
  if (!protocols.includes('tls')) return 'plain'
  return protocols.includes('tcp') ? 'either' : 'tls'
}
