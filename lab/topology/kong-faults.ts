import { isIP, isIPv4 } from 'node:net'
import { kongListeners } from './listen-endpoints.ts'
import { canBind } from './process-faults.ts'
import { repeatedNames } from './repeated-names.ts'
import type { KongRouteSpec, KongServiceSpec, KongSpec, Topology } from './topology.ts'

/** What keeps Kong from being told what it is to be told: each fault names its place. */
export function kongFaults(topology: Topology): readonly string[] {
  const { kong } = topology
  if (kong === undefined) return []
  const { services, routes = [] } = kong
  return [
    ...repeatedNames('kong.services', services),
    ...repeatedNames('kong.routes', routes),
    ...routes.flatMap(({ name }, at) => {
      const first = services.findIndex((service) => service.name === name)
      return first === -1
        ? []
        : [
            `kong.routes[${at}].name: "${name}" is the name of the route of kong.services[${first}], too`,
          ]
    }),
    ...services.flatMap(serviceFaults),
    ...routes.flatMap(routeFaults),
    ...adminFaults(kong, topology),
  ]
}

function serviceFaults({ route }: KongServiceSpec, at: number): readonly string[] {
  const place = `kong.services[${at}].route`
  const { hosts, destinations } = route
  return [
    ...familyFaults(place, route.protocols, {
      web: { field: 'hosts', count: hosts.length },
      stream: { field: 'destinations', count: destinations.length },
    }),
    ...hosts.flatMap((host, index) =>
      isHostPattern(host)
        ? []
        : [`${place}.hosts[${index}]: "${host}" is no host name, such as api.example or *.example`],
    ),
    ...destinations.flatMap(({ ip }, index) => {
      const [address = '', length = '32', ...more] = ip.split('/')
      const isBlock = isIPv4(address) && /^\d+$/.test(length) && Number(length) <= 32
      return isBlock && more.length === 0
        ? []
        : [
            `${place}.destinations[${index}].ip: "${ip}" is no IPv4 address or block; Kong 1.1 knows no others`,
          ]
    }),
  ]
}

function routeFaults({ protocols, paths, ports }: KongRouteSpec, at: number): readonly string[] {
  const place = `kong.routes[${at}]`
  return [
    ...familyFaults(place, protocols, {
      web: { field: 'paths', count: paths.length },
      stream: { field: 'ports', count: ports.length },
    }),
    ...paths.flatMap((path, index) =>
      path.startsWith('/') && !/\s/.test(path)
        ? []
        : [`${place}.paths[${index}]: "${path}" does not begin with "/"`],
    ),
  ]
}

interface Matched {
  readonly field: string
  readonly count: number
}

/** A route is matched by what its protocols have, and by nothing else. */
function familyFaults(
  place: string,
  protocols: readonly string[],
  { web, stream }: { readonly web: Matched; readonly stream: Matched },
): readonly string[] {
  const isWeb = protocols.every((protocol) => protocol.startsWith('http'))
  const isStream = protocols.every((protocol) => !protocol.startsWith('http'))
  if (!isWeb && !isStream)
    return web.count + stream.count > 0 ? [] : [`${place}: write ${web.field} or ${stream.field}`]
  const [needed, other] = isWeb ? [web, stream] : [stream, web]
  const family = protocols.join(' and ')
  return [
    ...(needed.count > 0
      ? []
      : [`${place}.${needed.field}: is missing; a route for ${family} needs one at least`]),
    ...(other.count === 0
      ? []
      : [`${place}.${other.field}: a route for ${family} has none; write ${needed.field}`]),
  ]
}

/** As Kong takes it: a name or an address, with one "*" as its first or last label. */
function isHostPattern(host: string): boolean {
  if (isIP(host) !== 0) return true
  const name = host.replace(/^\*\.|\.\*$/, '')
  return !/^[\d.]+$/.test(name) && name.split('.').every((label) => /^\w(?:[\w-]*\w)?$/.test(label))
}

function adminFaults({ admin }: KongSpec, topology: Topology): readonly string[] {
  const node = topology.nodes.find(({ name }) => name === admin.node)
  if (node === undefined) return [`kong.admin.node: there is no node "${admin.node}"`]
  const { namespace } = node
  if (!canBind(admin.address, { namespace, topology })) {
    return [`kong.admin.address: ${admin.address} is no address of ${namespace}`]
  }
  const kongs = node.processes.filter(({ kind }) => kind === 'kong')
  if (kongs.length === 0) return [`kong.admin.node: ${node.name} runs no Kong`]
  const listeners = kongs.flatMap((process) => {
    try {
      return process.kind === 'kong' ? kongListeners(process.settings, 'admin_listen') : []
    } catch {
      // Which is a fault of its own.
      return [{ ...admin, flags: [] }]
    }
  })
  const answers = listeners.some(
    ({ address, port, flags }) =>
      port === admin.port &&
      !flags.includes('ssl') &&
      (address === admin.address || address === (isIPv4(admin.address) ? '0.0.0.0' : '::')),
  )
  const has = listeners.map(({ address, port, flags }) =>
    [`${address} port ${port}`, ...flags].join(' '),
  )
  return answers
    ? []
    : [
        `kong.admin: the Admin API of ${node.name} does not answer plain HTTP on ${admin.address} port ${admin.port}: its admin_listen is ${has.join(', ') || 'off'}`,
      ]
}
