import { addressesIn, usualEchoPorts, usualSwitch } from './complete-topology.ts'
import type {
  InterceptionSpec,
  KongSpec,
  LinkSpec,
  NamespaceSpec,
  NodeSpec,
  ProcessSpec,
  Topology,
} from './topology.ts'

/** A topology as a person would write it: reading it fills in again what this leaves out. */
export function shortenTopology(topology: Topology): Readonly<Record<string, unknown>> {
  const { name, summary, namespaces, links, nodes, interception, kong, tryNext } = topology
  return withoutDefaults(
    {
      name,
      summary,
      namespaces: namespaces.map(shortenNamespace),
      links: links.map(shortenLink),
      nodes: nodes.map((node) => shortenNode(node, topology)),
      interception: interception.map(shortenInterception),
      kong: kong && shortenKong(kong),
      tryNext,
    },
    { summary: '', links: [], interception: [], tryNext: [], kong: undefined },
  )
}

function shortenNamespace({ name, routes, sysctls }: NamespaceSpec): unknown {
  if (routes.length === 0 && sysctls === undefined) return name
  return withoutDefaults(
    { name, routes: routes.map(({ to, via }) => `${to} via ${via}`), sysctls },
    { routes: [], sysctls: undefined },
  )
}

function shortenLink(link: LinkSpec): unknown {
  const ends = link.ends.map((end) => withoutDefaults({ ...end }, { addresses: [] }))
  if (link.kind === 'veth') return { kind: link.kind, name: link.name, ends }
  const { kind, name, namespace } = link
  return withoutDefaults({ kind, name, namespace, ends }, { namespace: usualSwitch })
}

function shortenNode(node: NodeSpec, { nodes, links }: Topology): unknown {
  const { name, kind, namespace, addresses, processes } = node
  const alone = nodes.filter((other) => other.namespace === namespace).length === 1
  return withoutDefaults(
    {
      name,
      kind,
      namespace,
      addresses,
      processes: processes.map((process) => shortenProcess(process, node)),
    },
    {
      namespace: name,
      addresses: alone ? addressesIn(namespace, links) : [],
      processes: [],
    },
  )
}

function shortenProcess(process: ProcessSpec, node: NodeSpec): unknown {
  switch (process.kind) {
    case 'kong':
      return withoutDefaults({ ...process }, { name: 'kong', prefix: node.name })
    case 'ncat':
      return withoutDefaults(
        { ...process },
        { name: `ncat-${process.port}`, address: node.addresses[0], tls: false },
      )
    case 'echo':
      return withoutDefaults(
        { ...process },
        { name: 'echo', addresses: node.addresses, ports: usualEchoPorts },
      )
    case 'command':
    default:
      return withoutDefaults({ ...process }, { environment: {}, listens: [] })
  }
}

function shortenInterception(spec: InterceptionSpec): unknown {
  if (spec.kind === 'commands') return spec
  const ports = spec.ports.map(({ port, listener }) => `${port}:${listener}`)
  return withoutDefaults({ ...spec, ports }, { exempt: 'mark' })
}

function shortenKong({ admin, services, routes }: KongSpec): unknown {
  const usual = admin.address === '127.0.0.1' && admin.port === 8001
  return withoutDefaults(
    {
      admin: usual ? admin.node : admin,
      services: services.map((service) => ({
        ...service,
        route: withoutDefaults({ ...service.route }, { hosts: [], destinations: [] }),
      })),
      routes: routes?.map((route) => withoutDefaults({ ...route }, { paths: [], ports: [] })),
    },
    { services: [], routes: undefined },
  )
}

/** Fields without those that have the value they would have anyway. */
function withoutDefaults(
  fields: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) =>
        !Object.hasOwn(defaults, name) || JSON.stringify(value) !== JSON.stringify(defaults[name]),
    ),
  )
}
