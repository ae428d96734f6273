import { messageOf } from '#core/base/errors.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import {
  ChooseError,
  type AddressChooser,
  type ChosenAddress,
} from '#core/dataplane/upstreams/address-chooser.ts'
import { streamSchemes, type AddressRewrites } from '#core/dataplane/mesh/address-rewrites.ts'
import type { Surroundings } from '#core/dataplane/mesh/surroundings.ts'
import { sourceFor, type DialRequest } from '#core/dataplane/upstreams/dial.ts'
import { DialError } from '#core/dataplane/upstreams/dial-error.ts'
import type { ExchangeTarget } from '#core/model/http-filter.ts'
import type { ConnectionInfo, Observer } from '#core/model/observer.ts'
import type { Upstream } from '#core/model/upstream.ts'

export interface UpstreamWish {
  readonly upstream: Upstream
  /** In place of where the upstream is. */
  readonly target?: ExchangeTarget | undefined
  /** What is dialled elsewhere. */
  readonly rewrites: AddressRewrites | undefined
  readonly connection: ConnectionInfo
  /** Whether TLS was terminated on the client's side. */
  readonly encrypted: boolean
  readonly signal?: AbortSignal | undefined
}

export interface UpstreamMeans {
  readonly dial: (request: DialRequest) => Promise<Channel>
  readonly chooser: AddressChooser
  readonly surroundings: () => Surroundings
  readonly observer: Observer
}

/** What came of it: a connection, or nginx's status for the session. */
export type Dialled =
  | { readonly kind: 'connected'; readonly channel: Channel }
  | { readonly kind: 'failed'; readonly status: 502 | 503 }

/**
 * Connects to a route's upstream, at the next address each time, `retries` times after the first. Tells the observer of
 * every attempt. Like Kong 1.1 it sends no server name to a TLS upstream.
 * @throws RewriteError when what is dialled in its place is no stream.
 */
export async function dialUpstream(
  { upstream, target, rewrites, connection, encrypted, signal }: UpstreamWish,
  { dial, chooser, observer, surroundings }: UpstreamMeans,
): Promise<Dialled> {
  const meant = target ?? targetOf(upstream, connection, encrypted)
  const { host, port, tls } = rewrites?.apply(meant, streamSchemes) ?? meant
  const clientAddress = connection.client.address
  // Whoever is dialled by TLS may be a peer: this node is to introduce itself as what it is about to be.
  if (tls) await surroundings().joining?.ended
  const choice = chooser.begin({ host, port, facts: { ...nothingKnown, clientAddress } })
  for (let attempt = 1; attempt <= 1 + upstream.retries; attempt++) {
    let address: ChosenAddress
    try {
      const next = choice.next()
      // oxlint-disable-next-line no-await-in-loop -- the next attempt is only made when this one has failed
      address = next instanceof Promise ? await next : next
    } catch (error) {
      if (!(error instanceof ChooseError)) throw error
      observer.dialFailed(connection, attempt, { address: host, port }, messageOf(error))
      return { kind: 'failed', status: 503 }
    }
    if (signal?.aborted === true) break
    observer.dialing(connection, attempt, address)
    try {
      // oxlint-disable-next-line no-await-in-loop
      const channel = await dial({
        host: address.address,
        port: address.port,
        source: sourceFor(upstream, connection.client),
        connectTimeoutMs: upstream.connectTimeoutMs,
        tls: tls ? { serverName: undefined, alpn: [], identity: upstream.identity } : undefined,
        signal,
      })
      address.report({ kind: 'connected' })
      return { kind: 'connected', channel }
    } catch (error) {
      // Anything but a DialError is a defect and passes.
      if (!(error instanceof DialError)) throw error
      if (error.kind === 'aborted') break
      address.report({ kind: error.kind === 'timeout' ? 'timeout' : 'connect-failed' })
      observer.dialFailed(connection, attempt, address, error.reason)
    }
  }
  return { kind: 'failed', status: 502 }
}

/** A stream tells of its client nothing but the address. */
const nothingKnown = {
  principalId: undefined,
  credentialId: undefined,
  header: (): undefined => undefined,
  cookie: (): undefined => undefined,
}

function targetOf(
  { target, transport }: Upstream,
  { destination }: ConnectionInfo,
  encrypted: boolean,
): ExchangeTarget {
  const { host, port } =
    target === 'original-destination'
      ? { host: destination.address, port: destination.port }
      : target
  return { host, port, tls: transport === 'tls' || (transport === 'same-as-client' && encrypted) }
}
