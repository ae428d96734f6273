import type { ListenAddress } from '#core/kong/config/kong-config.ts'
import { kongKinds } from '#core/kong/entities/kong-kinds.ts'
import { targets } from '#core/kong/entities/target.ts'
import type { NodeHost } from '#core/kong/plugins/plugin-host.ts'
import type { KongPlugin } from '#core/kong/plugins/plugin.ts'
import type { Generate } from '#core/kong/schema/fill-defaults.ts'
import { kongToken } from '#core/kong/version.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { Identity } from '#core/model/identity.ts'
import type { TargetHealth } from '#core/model/target-pool.ts'
import type { Endpoint } from '#core/rest/exchange.ts'
import { type FinishedExchange, openRestServer, type RestCounts } from '#core/rest/rest-server.ts'
import type { Store } from '#core/store/store.ts'
import type { AdminContext } from './admin-context.ts'
import { cacheEndpoints } from './cache-endpoints.ts'
import { configEndpoint, type LoadDeclarative } from './config-endpoint.ts'
import { withCustomId } from './consumer-listing.ts'
import { entityEndpoints } from './entity-endpoints.ts'
import { systemGenerate } from './generate.ts'
import { nestedEndpoints } from './nested-endpoints.ts'
import { nodeEndpoints } from './node-endpoints.ts'
import type { NodeInfo } from './node-info.ts'
import { compileOperations } from './operations.ts'
import { pluginEndpoints } from './plugin-endpoints.ts'
import { relationsAmong } from './relation.ts'
import { tagEndpoints } from './tag-endpoints.ts'
import { upstreamEndpoints } from './upstream-endpoints.ts'

export interface AdminServerOptions {
  readonly listen: readonly Pick<ListenAddress, 'ip' | 'port' | 'ssl'>[]
  readonly store: Store
  /** Presented on `ssl` listeners. Handshakes wait for a promised one. */
  readonly identity: Identity | Promise<Identity>
  readonly nodeInfo: NodeInfo
  /** Hears of faults that are not the client's: for the error log. */
  readonly report: (error: unknown) => void
  /** Called when a reply has been sent: for the access log. */
  readonly finished?: (exchange: FinishedExchange) => void
  /** All that are loaded; default none. */
  readonly plugins?: readonly KongPlugin[]
  /** What the plugins' own endpoints are given; without it they have none. */
  readonly pluginHost?: NodeHost
  /** There is no database: entities cannot be written one by one. Default false. */
  readonly readOnly?: boolean
  /** Replaces all entities; default: refused, as there is a database. */
  readonly loadDeclarative?: LoadDeclarative
  /** What this node knows about the targets of an Upstream, by its id. */
  readonly health?: (upstreamId: string) => readonly TargetHealth[]
  /** Default: this machine's clock and random numbers. */
  readonly generate?: Generate
}

export interface AdminServer extends AsyncDisposable {
  /** Where it listens, in the order of `listen`, with the ports that were found. */
  readonly addresses: readonly SocketAddress[]
}

/**
 * Serves Kong 1.1's Admin API on all the addresses, or on none. Changes go to the store; whoever watches it sees them
 * before the client has its answer.
 *
 * @throws MeshError `listen-failed` naming every address that could not be bound and why.
 */
export async function openAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { store, nodeInfo, identity, plugins = [], pluginHost } = options
  let counts: RestCounts = { accepted: 0, active: 0, requests: 0 }
  const server = await openRestServer({
    title: 'Admin API',
    listen: options.listen.map(({ ip, port, ssl }) => ({
      address: ip,
      port,
      identity: ssl ? identity : undefined,
    })),
    endpoints: [
      ...nodeEndpoints({ store, info: nodeInfo, plugins, counts: () => counts }),
      ...entitiesEndpoints(options),
      ...(pluginHost === undefined
        ? []
        : plugins.flatMap((plugin) => plugin.adminEndpoints?.(pluginHost) ?? [])),
    ],
    headers: { 'access-control-allow-origin': '*', server: kongToken },
    report: options.report,
    ...(options.finished === undefined ? {} : { finished: options.finished }),
  })
  counts = server.counts
  return server
}

/** Everything that is about entities. */
function entitiesEndpoints({
  store,
  nodeInfo,
  plugins = [],
  readOnly = false,
  generate = systemGenerate,
  loadDeclarative,
  health,
}: AdminServerOptions): readonly Endpoint[] {
  const kinds = kongKinds(plugins)
  const operations = compileOperations(kinds, generate)
  const context: AdminContext = { store, readOnly, ...operations }
  // Targets are reached below their Upstream only.
  const published = kinds.filter(({ schema }) => schema.name !== targets.schema.name)
  return [
    ...published
      .flatMap((kind) => entityEndpoints(kind, context))
      .map((endpoint) => withCustomId(endpoint, context)),
    ...relationsAmong(published).flatMap((relation) => nestedEndpoints(relation, context)),
    ...upstreamEndpoints(context, { nodeId: nodeInfo.nodeId, health }),
    ...pluginEndpoints(plugins),
    ...tagEndpoints(kinds, context),
    ...cacheEndpoints(),
    configEndpoint(loadDeclarative),
    // Kong 1.1 has the way from a certificate to its names, but not back.
  ].filter(({ path }) => path !== '/snis/:child/certificate')
}
