import type { FilterChain } from './http-filter.ts'
import type { HttpRoute } from './http-route.ts'
import type { ServerIdentities } from './identity.ts'
import type { LocalReplies } from './local-reply.ts'
import type { StreamRoute } from './stream-route.ts'

interface ListenerBase {
  /** Literal IPv4 or IPv6 address (no brackets) or host name to bind. */
  readonly address: string
  readonly port: number
  /**
   * Binds with IP_TRANSPARENT: the socket accepts connections that the kernel's TPROXY hands it, and the local address
   * of such a connection is its original destination.
   */
  readonly transparent: boolean
  /** Every connection begins with a PROXY header (version 1 or 2); without one it is closed. Default false. */
  readonly proxyProtocol?: boolean
}

/**
 * Passes byte streams on. Whether a connection is TLS is found out from its first bytes.
 */
export interface StreamListener extends ListenerBase {
  readonly kind: 'stream'
  /** In order of preference; many listeners usually share one array. */
  readonly routes: readonly StreamRoute[]
  readonly identities: ServerIdentities
  /**
   * How long to wait for the first bytes of a client where the choice of route depends on them, in ms. A client that
   * stays silent is then taken for a plain one without a server name.
   */
  readonly firstBytesTimeoutMs: number
  /** Peers (addresses and CIDR blocks) whose PROXY header replaces the client's address. Default none. */
  readonly trustedPeers?: readonly string[]
  /** Longest time a TLS handshake with a client may take, in ms. */
  readonly handshakeTimeoutMs: number
}

/** Speaks HTTP/1.1 to clients, and HTTP/2 where it is told to. */
export interface HttpListener extends ListenerBase {
  readonly kind: 'http'
  readonly routes: readonly HttpRoute[]
  /**
   * The same routes as nodes prefer them whose clients use no TLS, where that is another order: for requests that such a
   * node of the mesh passes on by TLS.
   */
  readonly routesOfPlainClients?: readonly HttpRoute[] | undefined
  /** Present on a listener that terminates TLS. */
  readonly identities: ServerIdentities | undefined
  /** With TLS h2 is offered beside http/1.1; without, clients must speak HTTP/2 from the first byte. Default false. */
  readonly http2?: boolean
  /** Asked before routing, and for what no route takes. Absent = none. */
  readonly filters?: FilterChain | undefined
  readonly settings: HttpSettings
}

/** What holds for every request of a listener, whichever route it takes. */
export interface HttpSettings {
  /** Peers (addresses and CIDR blocks) whose X-Forwarded-* headers are believed. */
  readonly trustedPeers: readonly string[]
  /** How the client's own address is found behind trusted peers. Default: the header X-Real-IP. */
  readonly realIp?: RealIp
  /** Renders the answers that the proxy gives by itself. */
  readonly replies: LocalReplies
  /** Header names and values added to responses; an empty name means the header is not sent. */
  readonly responseTokens: ResponseTokens
  /** Added to every response, in order. */
  readonly extraResponseHeaders: readonly (readonly [name: string, value: string])[]
  /** Largest request head (request line and headers) in bytes. */
  readonly maxHeadBytes: number
  /** Largest request body in bytes; 0 = no limit. */
  readonly maxBodyBytes: number
  /** Idle time after which a kept-alive client connection is closed, in ms. */
  readonly keepAliveTimeoutMs: number
  /** Longest time for a request head to arrive, in ms. */
  readonly headTimeoutMs: number
  readonly handshakeTimeoutMs: number
  /** Idle connections kept open to upstreams; 0 = a new connection for each request. */
  readonly upstreamKeepAlive: number
  /** Tells clients that ask by this request header which route took their request. */
  readonly routeTrace?: RouteTrace
}

export interface RealIp {
  /** Header that names the client, or the PROXY header of the connection. */
  readonly from: { readonly header: string } | 'proxy-protocol'
  /** Whether the last address that is no trusted peer counts, instead of the last one. */
  readonly recursive: boolean
}

export interface RouteTrace {
  readonly requestHeader: string
  /** Response headers for a route. */
  describe(route: HttpRoute): readonly (readonly [name: string, value: string])[]
}

export interface ResponseTokens {
  /** `Server` of answers the proxy gives by itself. */
  readonly server: string | undefined
  /** `Via` of proxied answers. */
  readonly via: string | undefined
  /** Name of the header that carries the ms spent waiting for the upstream. */
  readonly upstreamLatency: string | undefined
  /** Name of the header that carries the ms spent in this proxy. */
  readonly proxyLatency: string | undefined
  /** Name of the header that carries the upstream's status. */
  readonly upstreamStatus: string | undefined
}
