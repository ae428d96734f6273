import type { Route } from './entities/route.ts'
import type { Service } from './entities/service.ts'

/** What a node's store holds, as far as traffic is concerned. */
export interface Entities {
  readonly services: readonly Service[]
  readonly routes: readonly Route[]
}

/** A subsystem of Kong: which protocols its Routes and Services speak. */
export type Subsystem = 'http' | 'stream'

const protocolsOf: Readonly<Record<Subsystem, readonly string[]>> = {
  http: ['http', 'https'],
  stream: ['tcp', 'tls'],
}

export interface RoutedService {
  readonly route: Route
  /** Undefined = the Route goes where the client wanted to go. */
  readonly service: Service | undefined
}

/** A Route that was found in the store, in the order in which a router of Kong 1.1 prefers them, with its Service. */
export function routesOf(
  { services, routes }: Entities,
  subsystem: Subsystem,
): { readonly routed: readonly RoutedService[]; readonly warnings: readonly string[] } {
  const byId = new Map(services.map((service) => [service.id, service]))
  const warnings: string[] = []
  const routed = routes
    .filter((route) => route.protocols.some((protocol) => speaks(subsystem, protocol)))
    .toSorted(byPreference)
    .map((route): RoutedService => {
      const service = route.service ? byId.get(route.service.id) : undefined
      if (!service || speaks(subsystem, service.protocol)) return { route, service }
      warnings.push(
        `service with protocol '${service.protocol}' cannot be used with '${subsystem}' subsystem: ` +
          `route ${routeLabel(route)} goes where the client wanted to go`,
      )
      return { route, service: undefined }
    })
  return { routed, warnings }
}

/** A Route's name, or its id when it has none. */
export function routeLabel(route: Route): string {
  return `'${route.name ?? route.id}'`
}

function speaks(subsystem: Subsystem, protocol: string): boolean {
  return protocolsOf[subsystem].includes(protocol)
}

/** The id decides between Routes of one second, so that every node prefers the same. */
function byPreference(a: Route, b: Route): number {
  return (
    b.regex_priority - a.regex_priority || a.created_at - b.created_at || (a.id < b.id ? -1 : 1)
  )
}
