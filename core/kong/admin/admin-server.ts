import type { ListenAddress } from '#core/kong/config/kong-config.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { routes } from '#core/kong/entities/route.ts'
import { services } from '#core/kong/entities/service.ts'
import type { Generate } from '#core/kong/schema/fill-defaults.ts'
import { kongToken } from '#core/kong/version.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { Identity } from '#core/model/identity.ts'
import { type FinishedExchange, openRestServer, type RestCounts } from '#core/rest/rest-server.ts'
import type { Store } from '#core/store/store.ts'
import { entityEndpoints } from './entity-endpoints.ts'
import { EntityOperations } from './entity-operations.ts'
import { systemGenerate } from './generate.ts'
import { nestedEndpoints, relationsAmong } from './nested-endpoints.ts'
import { nodeEndpoints } from './node-endpoints.ts'
import type { NodeInfo } from './node-info.ts'

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
  /** Default: this machine's clock and random numbers. */
  readonly generate?: Generate
}

export interface AdminServer extends AsyncDisposable {
  /** Where it listens, in the order of `listen`, with the ports that were found. */
  readonly addresses: readonly SocketAddress[]
}

/** Every kind of entity the Admin API knows. */
const kinds: readonly EntityKind[] = [services, routes]

/**
 * Serves Kong 1.1's Admin API on all the addresses, or on none. Changes go to the store; whoever watches it sees them
 * before the client has its answer.
 *
 * @throws MeshError `listen-failed` naming every address that could not be bound and why.
 */
export async function openAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { store, nodeInfo, identity, generate = systemGenerate } = options
  const context = { store, operations: new EntityOperations(kinds, generate) }
  let counts: RestCounts = { accepted: 0, active: 0, requests: 0 }
  const server = await openRestServer({
    title: 'Admin API',
    listen: options.listen.map(({ ip, port, ssl }) => ({
      address: ip,
      port,
      identity: ssl ? identity : undefined,
    })),
    endpoints: [
      ...nodeEndpoints({ store, info: nodeInfo, counts: () => counts }),
      ...kinds.flatMap((kind) => entityEndpoints(kind, context)),
      ...relationsAmong(kinds).flatMap((relation) => nestedEndpoints(relation, context)),
    ],
    headers: { 'access-control-allow-origin': '*', server: kongToken },
    report: options.report,
    ...(options.finished === undefined ? {} : { finished: options.finished }),
  })
  counts = server.counts
  return server
}
