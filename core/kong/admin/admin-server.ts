import type { AdminDirectives } from '#core/kong/config/directives.ts'
import type { ListenAddress } from '#core/kong/config/kong-config.ts'
import type { KongPlugin } from '#core/kong/plugins/plugin.ts'
import { kongToken } from '#core/kong/version.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { Identity } from '#core/model/identity.ts'
import type { Endpoint } from '#core/rest/exchange.ts'
import { type FinishedExchange, openRestServer, type RestCounts } from '#core/rest/rest-server.ts'
import type { AdminEndpointOptions } from './admin-endpoints.ts'

export interface AdminServerOptions extends Omit<AdminEndpointOptions, 'plugins' | 'counts'> {
  readonly listen: readonly Pick<ListenAddress, 'ip' | 'port' | 'ssl'>[]
  /** Presented on `ssl` listeners. Handshakes wait for a promised one. */
  readonly identity: Identity | Promise<Identity>
  /** OpenSSL's list for TLS up to 1.2 on these; default: Node's. */
  readonly ciphers?: string
  /** All that there are; default none. Requests wait for promised ones. */
  readonly plugins?: readonly KongPlugin[] | Promise<readonly KongPlugin[]>
  /** What the configuration injects into the block of the Admin API. */
  readonly directives?: AdminDirectives | undefined
  /** Hears of faults that are not the client's: for the error log. */
  readonly report: (error: unknown) => void
  /** Called when a reply has been sent: for the access log. */
  readonly finished?: (exchange: FinishedExchange) => void
}

export interface AdminServer extends AsyncDisposable {
  /** Where it listens, in the order of `listen`, with the ports that were found. */
  readonly addresses: readonly SocketAddress[]
}

/**
 * Serves Kong 1.1's Admin API on all the addresses, or on none. Changes go to the store; whoever watches it sees them
 * before the client has its answer. It listens before its endpoints are loaded: requests wait for them.
 *
 * @throws MeshError `listen-failed` naming every address that could not be bound and why.
 */
export async function openAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { responseHeader, ...limits } = options.directives ?? {}
  let counts: RestCounts = { accepted: 0, active: 0, requests: 0 }
  const server = await openRestServer({
    title: 'Admin API',
    listen: options.listen.map(({ ip, port, ssl }) => ({
      address: ip,
      port,
      identity: ssl ? options.identity : undefined,
      ciphers: options.ciphers,
    })),
    endpoints: loadEndpoints(options, () => counts),
    headers: {
      'access-control-allow-origin': '*',
      server: kongToken,
      ...(responseHeader && Object.fromEntries([responseHeader])),
    },
    ...limits,
    report: options.report,
    ...(options.finished === undefined ? {} : { finished: options.finished }),
  })
  counts = server.counts
  return server
}

async function loadEndpoints(
  options: AdminServerOptions,
  counts: () => RestCounts,
): Promise<readonly Endpoint[]> {
  const plugins = (await options.plugins) ?? []
  const { adminEndpoints } = await import('./admin-endpoints.ts')
  return adminEndpoints({ ...options, plugins, counts })
}
