import type { Channel } from '#core/dataplane/channel/channel.ts'
import type { DialRequest } from '#core/dataplane/upstreams/dial.ts'
import { DialError } from '#core/dataplane/upstreams/dial-error.ts'
import { resolveHost } from '#core/dataplane/upstreams/resolve-host.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { ConnectionInfo, Observer } from '#core/model/observer.ts'
import type { Upstream } from '#core/model/upstream.ts'

export interface UpstreamWish {
  readonly upstream: Upstream
  readonly connection: ConnectionInfo
  /** Whether TLS was terminated on the client's side. */
  readonly encrypted: boolean
  readonly signal?: AbortSignal | undefined
}

export interface UpstreamMeans {
  readonly dial: (request: DialRequest) => Promise<Channel>
  readonly observer: Observer
}

/**
 * Connects to a route's upstream, trying its addresses in turn, `retries` times after the first. Tells the observer of
 * every attempt; undefined = none succeeded. Like Kong 1.1 it sends no server name to a TLS upstream.
 */
export async function dialUpstream(
  { upstream, connection, encrypted, signal }: UpstreamWish,
  { dial, observer }: UpstreamMeans,
): Promise<Channel | undefined> {
  const { host, port } = targetOf(upstream, connection)
  const usesTls =
    upstream.transport === 'tls' || (upstream.transport === 'same-as-client' && encrypted)
  let addresses: readonly string[]
  try {
    addresses = await resolveHost(host)
  } catch (error) {
    observer.dialFailed(connection, 1, { address: host, port }, reasonOf(error))
    return undefined
  }
  for (let attempt = 1; attempt <= 1 + upstream.retries; attempt++) {
    const target: SocketAddress = { address: addresses[(attempt - 1) % addresses.length]!, port }
    observer.dialing(connection, attempt, target)
    try {
      // oxlint-disable-next-line no-await-in-loop -- the next attempt is only made when this one has failed
      return await dial({
        host: target.address,
        port,
        source: upstream.source,
        connectTimeoutMs: upstream.connectTimeoutMs,
        tls: usesTls ? { serverName: undefined, alpn: [] } : undefined,
        signal,
      })
    } catch (error) {
      if (error instanceof DialError && error.kind === 'aborted') return undefined
      observer.dialFailed(connection, attempt, target, reasonOf(error))
    }
  }
  return undefined
}

function targetOf(
  { target }: Upstream,
  { destination }: ConnectionInfo,
): { readonly host: string; readonly port: number } {
  return target === 'original-destination'
    ? { host: destination.address, port: destination.port }
    : target
}

/** Only what failed; anything but a DialError is a defect and passes. */
function reasonOf(error: unknown): string {
  if (error instanceof DialError) return error.reason
  throw error
}
