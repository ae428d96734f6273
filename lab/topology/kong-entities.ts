import type { KongRouteSpec, KongServiceSpec } from './topology.ts'

/** One Admin API request with a JSON body. */
export interface EntityRequest {
  readonly method: 'PUT' | 'POST'
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
}

/** The requests that create a service and its route, in order. */
export function entityRequests(service: KongServiceSpec): readonly EntityRequest[] {
  const { name, url, route } = service
  return [
    { method: 'PUT', path: `/services/${name}`, body: { url } },
    {
      method: 'POST',
      path: `/services/${name}/routes`,
      body: {
        name,
        protocols: route.protocols,
        ...(route.hosts.length > 0 && { hosts: route.hosts }),
        ...(route.destinations.length > 0 && { destinations: route.destinations }),
      },
    },
  ]
}

/** The request that creates a route without a service. */
export function routeRequest({ name, protocols, paths, ports }: KongRouteSpec): EntityRequest {
  return {
    method: 'POST',
    path: '/routes',
    body: {
      name,
      protocols,
      ...(paths.length > 0 && { paths }),
      ...(ports.length > 0 && { destinations: ports.map((port) => ({ port })) }),
    },
  }
}
