import { maskSecret } from '#core/kong/config/settings.ts'
import { plugins as configured } from '#core/kong/entities/plugin.ts'
import type { KongPlugin } from '#core/kong/plugins/plugin.ts'
import { kongVersion } from '#core/kong/version.ts'
import type { Endpoint } from '#core/rest/exchange.ts'
import type { Store } from '#core/store/store.ts'
import type { NodeCounts, NodeInfo } from './node-info.ts'

export interface NodeEndpointOptions {
  readonly store: Store
  readonly info: NodeInfo
  readonly plugins: readonly KongPlugin[]
  /** Of the Admin API itself. */
  readonly counts: () => NodeCounts
}

/** What tells about the node itself: `/`, `/status` and `/robots.txt`. */
export function nodeEndpoints(options: NodeEndpointOptions): readonly Endpoint[] {
  const { store, info, counts } = options
  return [
    {
      path: '/',
      handlers: { GET: async () => ({ status: 200, body: await describeNode(options) }) },
    },
    {
      path: '/status',
      handlers: {
        GET: async () => ({
          status: 200,
          body: {
            server: describeServer(counts(), info.counts?.()),
            database: { reachable: await isReachable(store) },
          },
        }),
      },
    },
    {
      path: '/robots.txt',
      handlers: { GET: () => ({ status: 200, body: 'User-agent: *\nDisallow: /' }) },
    },
  ]
}

/** `timers`, `lua_version` and `prng_seeds` are there for those who read them; this node has none of the three. */
async function describeNode({ store, info, plugins }: NodeEndpointOptions): Promise<unknown> {
  const { nodeId, hostname, configuration } = info
  return {
    version: kongVersion,
    tagline: 'Welcome to kong',
    hostname,
    node_id: nodeId,
    timers: { running: 0, pending: 0 },
    plugins: {
      available_on_server: Object.fromEntries(plugins.map(({ name }) => [name, true])),
      enabled_in_cluster: await namesInUse(store),
    },
    lua_version: '',
    configuration: Object.fromEntries(
      Object.entries(configuration).map(([key, value]) => [key, maskSecret(key, value)]),
    ),
    prng_seeds: {},
  }
}

/** Which plugins are configured; none while the store cannot be reached. */
async function namesInUse(store: Store): Promise<readonly string[]> {
  try {
    const stored = await store.read((view) => view.list(configured.collection))
    return [...new Set(stored.map(({ name }) => name))].toSorted()
  } catch {
    return []
  }
}

/** In nginx's words. A connection is not told apart by whether it is being read or waited for. */
function describeServer(admin: NodeCounts, node: NodeCounts | undefined): unknown {
  const accepted = admin.accepted + (node?.accepted ?? 0)
  const active = admin.active + (node?.active ?? 0)
  return {
    connections_accepted: accepted,
    connections_handled: accepted,
    connections_active: active,
    connections_reading: 0,
    connections_writing: active,
    connections_waiting: 0,
    total_requests: admin.requests + (node?.requests ?? 0),
  }
}

async function isReachable(store: Store): Promise<boolean> {
  try {
    await store.version()
    return true
  } catch {
    return false
  }
}
