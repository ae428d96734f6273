import { kongKinds } from '#core/kong/entities/kong-kinds.ts'
import { targets } from '#core/kong/entities/target.ts'
import type { NodeHost } from '#core/kong/plugins/plugin-host.ts'
import type { KongPlugin } from '#core/kong/plugins/plugin.ts'
import type { Generate } from '#core/kong/schema/fill-defaults.ts'
import type { TargetHealth } from '#core/model/target-pool.ts'
import type { Endpoint } from '#core/rest/exchange.ts'
import type { Store } from '#core/store/store.ts'
import type { AdminContext } from './admin-context.ts'
import { cacheEndpoints } from './cache-endpoints.ts'
import { configEndpoint, type LoadDeclarative } from './config-endpoint.ts'
import { withCustomId } from './consumer-listing.ts'
import { entityEndpoints } from './entity-endpoints.ts'
import { systemGenerate } from './generate.ts'
import { nestedEndpoints } from './nested-endpoints.ts'
import { nodeEndpoints } from './node-endpoints.ts'
import type { NodeCounts, NodeInfo } from './node-info.ts'
import { compileOperations } from './operations.ts'
import { pluginEndpoints } from './plugin-endpoints.ts'
import { relationsAmong } from './relation.ts'
import { tagEndpoints } from './tag-endpoints.ts'
import { upstreamEndpoints } from './upstream-endpoints.ts'

export interface AdminEndpointOptions {
  readonly store: Store
  readonly nodeInfo: NodeInfo
  /** All that there are. */
  readonly plugins: readonly KongPlugin[]
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
  /** Of the Admin API itself. */
  readonly counts: () => NodeCounts
}

/** All endpoints of Kong 1.1's Admin API, and those of the plugins. */
export function adminEndpoints(options: AdminEndpointOptions): readonly Endpoint[] {
  const { store, nodeInfo, plugins, pluginHost, counts } = options
  return [
    ...nodeEndpoints({ store, info: nodeInfo, plugins, counts }),
    ...entitiesEndpoints(options),
    ...(pluginHost === undefined
      ? []
      : plugins.flatMap((plugin) => plugin.adminEndpoints?.(pluginHost) ?? [])),
  ]
}

/** Everything that is about entities. */
function entitiesEndpoints({
  store,
  nodeInfo,
  plugins,
  readOnly = false,
  generate = systemGenerate,
  loadDeclarative,
  health,
}: AdminEndpointOptions): readonly Endpoint[] {
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
