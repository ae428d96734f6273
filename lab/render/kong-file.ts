import { stringify } from 'yaml'
import type { KongRouteSpec, KongServiceSpec, KongSpec } from '#lab/topology/topology.ts'

/**
 * What Kong is told of a topology, as a declarative file that knows workloads by their names. Which address a stream
 * goes to is the engine's choice, so streams for these workloads go where their client wants to, by port alone.
 */
export function renderKongFile(
  { services, routes = [] }: KongSpec,
  names: ReadonlyMap<string, string>,
): string {
  const streams = services.filter((service) => isStreamTo(service, names))
  const named = services.filter((service) => !streams.includes(service))
  return stringify({
    _format_version: '1.1',
    services: named.map((service) => compileService(service, names)),
    routes: [...routes.map(compileRoute), ...streamRoutes(streams, routes)],
  })
}

function isStreamTo({ route }: KongServiceSpec, names: ReadonlyMap<string, string>): boolean {
  return (
    route.destinations.length > 0 &&
    route.hosts.length === 0 &&
    route.destinations.every(({ ip }) => names.has(ip))
  )
}

function compileService(
  { name, url, route }: KongServiceSpec,
  names: ReadonlyMap<string, string>,
): object {
  const { protocols, hosts, destinations } = route
  return {
    name,
    url: renamed(url, names),
    routes: [
      {
        name,
        protocols,
        ...(hosts.length > 0 && { hosts: hosts.map((host) => names.get(host) ?? host) }),
        ...(destinations.length > 0 && { destinations }),
      },
    ],
  }
}

/** With the name of the workload in place of the address it has in a lab. */
function renamed(url: string, names: ReadonlyMap<string, string>): string {
  const address = new URL(url).hostname.replace(/^\[|\]$/g, '')
  const name = names.get(address)
  return name === undefined ? url : url.replace(/\[[^\]]*\]|(?<=\/\/)[^/:]+/, name)
}

function compileRoute({ name, protocols, paths, ports }: KongRouteSpec): object {
  return {
    name,
    protocols,
    ...(paths.length > 0 && { paths }),
    ...(ports.length > 0 && { destinations: ports.map((port) => ({ port })) }),
  }
}

/** One route for each set of protocols whose ports are not taken by a route that is there anyway. */
function streamRoutes(
  services: readonly KongServiceSpec[],
  existing: readonly KongRouteSpec[],
): readonly object[] {
  const byProtocols = Map.groupBy(services, ({ route }) => route.protocols.join('-'))
  return [...byProtocols].flatMap(([key, members]) => {
    const [{ route } = { route: undefined }] = members
    const taken = existing
      .filter(({ protocols }) => protocols.join('-') === key)
      .flatMap(({ ports }) => ports)
    const wanted = members.flatMap((each) => each.route.destinations.map(({ port }) => port))
    const ports = [...new Set(wanted)].filter((port) => !taken.includes(port))
    if (route === undefined || ports.length === 0) return []
    return [compileRoute({ name: `streams-${key}`, protocols: route.protocols, paths: [], ports })]
  })
}
