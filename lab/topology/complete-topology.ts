import type { TopologyFile } from './topology-schema.ts'
import type {
  EchoPorts,
  InterceptionSpec,
  KongSpec,
  LinkSpec,
  NamespaceSpec,
  NodeSpec,
  ProcessSpec,
  RouteSpec,
  Topology,
} from './topology.ts'

/** Fills in what a file leaves out. */
export function completeTopology(
  file: TopologyFile,
  { name }: { readonly name: string },
): Topology {
  const links = completeLinks(file.links ?? [])
  return {
    name: file.name ?? name,
    summary: file.summary ?? '',
    namespaces: completeNamespaces(file, links),
    links,
    nodes: file.nodes.map((node) => completeNode(node, file, links)),
    interception: (file.interception ?? []).map(completeInterception),
    kong: file.kong === undefined ? undefined : completeKong(file.kong),
    tryNext: file.tryNext ?? [],
  }
}

function completeNamespaces(
  { namespaces, nodes }: TopologyFile,
  links: readonly LinkSpec[],
): readonly NamespaceSpec[] {
  if (namespaces === undefined) {
    const named = [
      ...nodes.map(placeOf),
      ...links.flatMap((link) => (link.kind === 'bridge' ? [link.namespace] : [])),
    ]
    return [...new Set(named)].map((name) => ({ name, routes: [] }))
  }
  return namespaces.map((each) =>
    typeof each === 'string'
      ? { name: each, routes: [] }
      : { ...each, routes: (each.routes ?? []).map(completeRoute) },
  )
}

function completeRoute(route: RouteSpec | string): RouteSpec {
  if (typeof route !== 'string') return route
  const [to = '', via = ''] = route.split(' via ')
  return { to, via }
}

function completeLinks(links: NonNullable<TopologyFile['links']>): readonly LinkSpec[] {
  const taken = new Set(
    links.flatMap(({ ends }) =>
      ends.flatMap((end) =>
        end.interface === undefined ? [] : [`${end.namespace} ${end.interface}`],
      ),
    ),
  )
  const freeInterface = (namespace: string): string => {
    let number = 0
    while (taken.has(`${namespace} eth${number}`)) number += 1
    taken.add(`${namespace} eth${number}`)
    return `eth${number}`
  }
  return links.map(({ kind, name, namespace, ends }) => {
    const complete = ends.map((end) => ({
      namespace: end.namespace,
      interface: end.interface ?? freeInterface(end.namespace),
      addresses: end.addresses ?? [],
    }))
    const [one, other, ...more] = complete
    const isPair = one !== undefined && other !== undefined && more.length === 0
    return isPair && kind !== 'bridge' && namespace === undefined
      ? { kind: 'veth', name, ends: [one, other] }
      : { kind: 'bridge', name, namespace: namespace ?? usualSwitch, ends: complete }
  })
}

function completeNode(
  node: TopologyFile['nodes'][number],
  { nodes }: TopologyFile,
  links: readonly LinkSpec[],
): NodeSpec {
  const namespace = placeOf(node)
  const alone = nodes.filter((other) => placeOf(other) === namespace).length === 1
  const addresses = node.addresses ?? (alone ? addressesIn(namespace, links) : [])
  return {
    name: node.name,
    kind: node.kind ?? 'service',
    namespace,
    addresses,
    processes: (node.processes ?? []).map((process) =>
      completeProcess(process, { node: node.name, addresses }),
    ),
  }
}

/** Of all its interfaces, in the order of the links. */
export function addressesIn(namespace: string, links: readonly LinkSpec[]): readonly string[] {
  return links
    .flatMap(({ ends }) => ends.filter((end) => end.namespace === namespace))
    .flatMap((end) => end.addresses.map((address) => address.split('/')[0] ?? address))
}

function completeProcess(
  process: NonNullable<TopologyFile['nodes'][number]['processes']>[number],
  { node, addresses }: { readonly node: string; readonly addresses: readonly string[] },
): ProcessSpec {
  switch (process.kind) {
    case 'kong':
      return { ...process, name: process.name ?? 'kong', prefix: process.prefix ?? node }
    case 'ncat':
      return {
        ...process,
        name: process.name ?? `ncat-${process.port}`,
        address: process.address ?? addresses[0] ?? '127.0.0.1',
        tls: process.tls ?? false,
      }
    case 'echo':
      return {
        ...process,
        name: process.name ?? 'echo',
        addresses: process.addresses ?? (addresses.length > 0 ? addresses : ['127.0.0.1']),
        ports: process.ports ?? usualEchoPorts,
      }
    case 'command':
    default:
      return { ...process, environment: process.environment ?? {}, listens: process.listens ?? [] }
  }
}

function completeInterception(
  spec: NonNullable<TopologyFile['interception']>[number],
): InterceptionSpec {
  switch (spec.kind) {
    case 'path':
      return { ...spec, ports: spec.ports.map(completePort) }
    case 'pod':
      return { ...spec, ports: spec.ports.map(completePort), exempt: spec.exempt ?? 'mark' }
    case 'commands':
    default:
      return spec
  }
}

interface InterceptedPort {
  readonly port: number
  readonly listener: number
}

function completePort(port: InterceptedPort | string): InterceptedPort {
  if (typeof port !== 'string') return port
  const [from, to] = port.split(':')
  return { port: Number(from), listener: Number(to) }
}

function completeKong({ admin, services, routes }: NonNullable<TopologyFile['kong']>): KongSpec {
  const {
    node,
    address = '127.0.0.1',
    port = 8001,
  } = typeof admin === 'string' ? { node: admin } : admin
  return {
    admin: { node, address, port },
    services: (services ?? []).map((service) => ({
      ...service,
      route: {
        protocols: service.route.protocols,
        hosts: service.route.hosts ?? [],
        destinations: service.route.destinations ?? [],
      },
    })),
    ...(routes && {
      routes: routes.map((route) => ({
        ...route,
        paths: route.paths ?? [],
        ports: route.ports ?? [],
      })),
    }),
  }
}

function placeOf({ name, namespace }: TopologyFile['nodes'][number]): string {
  return namespace ?? name
}

/** Where bridges are that are told no place. */
export const usualSwitch = 'switch'

export const usualEchoPorts: EchoPorts = { http: 18_000, https: 18_443, tcp: 19_000, tls: 19_443 }
