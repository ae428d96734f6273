import { fileURLToPath } from 'node:url'
import type { LinkSpec, NodeSpec, ProcessSpec, Topology } from '#lab/topology/topology.ts'
import type { Ground } from './ground.ts'

type Settings = Readonly<Record<string, string>>

/** The example plugins, as the setting `plugins` takes them. */
export function examplePlugins(...names: readonly string[]): string {
  const folder = fileURLToPath(new URL('../../examples/plugins', import.meta.url))
  return ['bundled', ...names.map((name) => `${folder}/${name}.ts`)].join(', ')
}

/** Gives Kong nodes settings besides, or instead of, their own: by the name of a node, or to all of them. */
export function withSettings(
  topology: Topology,
  { all = {}, ...byNode }: Readonly<Record<string, Settings>>,
): Topology {
  const change = (node: NodeSpec, process: ProcessSpec): ProcessSpec => {
    if (process.kind !== 'kong') return process
    return { ...process, settings: { ...process.settings, ...all, ...byNode[node.name] } }
  }
  const nodes = topology.nodes.map((node) => ({
    ...node,
    processes: node.processes.map((process) => change(node, process)),
  }))
  return { ...topology, nodes }
}

/** For TLS clients of streams: on a busy machine one that takes its time to begin is not to be taken for a plain one. */
export const patient: Settings = { nginx_sproxy_preread_timeout: '20s' }

/** Adds a Redis that forgets everything at its end to the control plane, at its first address. */
export function withRedis(topology: Topology, { port }: { readonly port: number }): Topology {
  const settings = ['--port', `${port}`, '--protected-mode', 'no', '--appendonly', 'no']
  const nodes = topology.nodes.map((node): NodeSpec => {
    if (node.kind !== 'control-plane') return node
    const [address = ''] = node.addresses
    const bound = [...new Set([address, '127.0.0.1'])]
    // Debian's package redis-tools has the server in it, under the name of the checker.
    const command = ['-a', 'redis-server', 'redis-check-rdb', ...settings, '--bind', ...bound]
    const redis: ProcessSpec = {
      kind: 'command',
      name: 'redis',
      argv: ['bash', '-c', `exec ${command.join(' ')} --save ''`],
      environment: {},
      listens: bound.map((each) => ({ address: each, port })),
    }
    return { ...node, processes: [...node.processes, redis] }
  })
  return { ...topology, nodes }
}

/** Origins as the setting takes them. */
export function origins(table: Readonly<Record<string, string>>): string {
  return Object.entries(table)
    .map(([from, to]) => `${from}=${to}`)
    .join(', ')
}

/** The node that `withMiddleNode` adds, and where it listens. */
export const middleNode = { name: 'kong-m', http: 8000, https: 8443, tcp: 9000, tls: 9443 } as const

/** Adds a proxy between the other two, on no path: it is reached by its address, and what it sends on comes to kong-b. */
export function withMiddleNode(topology: Topology, { addresses }: Ground): Topology {
  const { name, http, https, tcp, tls } = middleNode
  const address = addresses.between
  const kongB = topology.nodes.find((node) => node.name === 'kong-b')
  if (kongB === undefined) throw new RangeError(`${topology.name} has no kong-b`)
  const hasLinks = topology.links.length > 0
  const namespace = hasLinks ? name : kongB.namespace
  const node: NodeSpec = {
    name,
    kind: 'proxy',
    namespace,
    addresses: [address],
    processes: [
      {
        kind: 'kong',
        name: 'kong',
        prefix: name,
        settings: {
          log_level: 'debug',
          proxy_listen: `${address}:${http}, ${address}:${https} ssl`,
          stream_listen: `${address}:${tcp}, ${address}:${tls}`,
          admin_listen: 'off',
          nginx_proxy_proxy_bind: address,
          nginx_sproxy_proxy_bind: address,
        },
      },
    ],
  }
  const nodes = [...topology.nodes, node]
  if (!hasLinks) return { ...topology, nodes }
  const toServiceB = topology.namespaces.find((each) => each.name === 'kong-a')?.routes ?? []
  const end = { namespace, interface: 'eth0', addresses: [`${address}/24`] }
  return {
    ...topology,
    nodes,
    namespaces: [
      ...topology.namespaces,
      { name, routes: toServiceB.filter(({ via }) => !via.includes(':')) },
    ],
    links: topology.links.map((link): LinkSpec =>
      link.kind === 'bridge' ? { ...link, ends: [...link.ends, end] } : link,
    ),
  }
}
