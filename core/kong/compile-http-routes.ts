import type { HttpRoute, PathMatch } from '#core/model/http-route.ts'
import type { Identity } from '#core/model/identity.ts'
import type { Upstream } from '#core/model/upstream.ts'
import { compileUpstream } from './compile-upstream.ts'
import type { Route } from './entities/route.ts'
import type { CompiledFilters } from './plugins/compile-filters.ts'
import { isPlainPath } from './entities/uri-path.ts'
import { routeLabel, routesOf, type Entities, type RoutedService } from './routed.ts'

export interface HttpRoutes {
  /** For clients on listeners without TLS, and with it; one array where the order is the same. */
  readonly plain: readonly HttpRoute[]
  readonly encrypted: readonly HttpRoute[]
  readonly warnings: readonly string[]
}

export interface HttpRouteOptions {
  readonly source: Upstream['source']
  readonly identity: Identity | undefined
  readonly filters: CompiledFilters
}

/**
 * Compiles the Routes of the http subsystem, in the router's order of preference (Kong 1.1, "Proxy reference").
 *
 * In one respect beyond Kong 1.1, which would leave it to age: of Routes that match equally well and have the same
 * `regex_priority`, one for the client's protocol comes first, so that an http and an https Route can share a host.
 */
export function compileHttpRoutes(entities: Entities, options: HttpRouteOptions): HttpRoutes {
  const { routed, warnings } = routesOf(entities, 'http')
  const told = [...warnings]
  const compiled = routed.flatMap((entry): Compiled[] => {
    const fault = unusable(entry.route)
    if (fault === undefined) return [{ ...entry, compiled: compileRoute(entry, options) }]
    told.push(`route ${routeLabel(entry.route)} takes no requests: ${fault}`)
    return []
  })
  const plain = preferring('http', compiled)
  const encrypted = preferring('https', compiled)
  const isSame = plain.every((route, index) => route === encrypted[index])
  return { plain, encrypted: isSame ? plain : encrypted, warnings: told }
}

interface Compiled extends RoutedService {
  readonly compiled: HttpRoute
}

/** Sorts stably, so that age still decides between Routes for the same protocols. */
function preferring(protocol: 'http' | 'https', compiled: readonly Compiled[]): HttpRoute[] {
  const misfit = ({ route }: Compiled): number => (route.protocols.includes(protocol) ? 0 : 1)
  return compiled
    .toSorted((a, b) => b.route.regex_priority - a.route.regex_priority || misfit(a) - misfit(b))
    .map((entry) => entry.compiled)
}

function compileRoute(
  { route, service }: RoutedService,
  { source, identity, filters }: HttpRouteOptions,
): HttpRoute {
  const onlyEncrypted = route.protocols.includes('https') && !route.protocols.includes('http')
  return {
    id: route.id,
    name: route.name ?? undefined,
    serviceId: service?.id,
    serviceName: service?.name ?? undefined,
    match: {
      hosts: given(route.hosts),
      paths: given(route.paths)?.map(compilePath),
      methods: given(route.methods),
      encryption: onlyEncrypted ? 'required' : 'optional',
    },
    forward: {
      basePath: service?.path ?? '/',
      stripPath: service !== undefined && route.strip_path,
      // Without a service the target is the client's Host, so there is nothing to replace it by.
      preserveHost: service === undefined || route.preserve_host,
    },
    upstream: compileUpstream(service, { source, identity }),
    filters: filters.http({ routeId: route.id, serviceId: service?.id }),
  }
}

/** Says why a Route with protocols of both subsystems, which is stored unchecked, cannot serve requests. */
function unusable(route: Route): string | undefined {
  const streamOnly = (['snis', 'sources', 'destinations'] as const).filter((name) =>
    given(route[name]),
  )
  if (streamOnly.length > 0) return `${streamOnly.join(', ')} cannot be matched for requests`
  if (!given(route.hosts) && !given(route.paths) && !given(route.methods)) {
    return "none of 'methods', 'hosts', 'paths' is set"
  }
  for (const path of route.paths ?? []) {
    try {
      compilePath(path)
    } catch (error) {
      return `the path '${path}' is no regular expression that this node understands (${String(error)})`
    }
  }
  return undefined
}

/** @throws SyntaxError when the path is neither plain nor a regular expression. */
function compilePath(path: string): PathMatch {
  if (isPlainPath(path)) return { kind: 'prefix', prefix: path }
  RegExp(path)
  return { kind: 'regex', source: path }
}

/** An empty list counts as none. */
function given<list extends readonly unknown[]>(values: list | null): list | undefined {
  return values && values.length > 0 ? values : undefined
}
