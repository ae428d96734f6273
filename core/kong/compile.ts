import type { Identity, ServerIdentities } from '#core/model/identity.ts'
import type { HttpSettings } from '#core/model/listener.ts'
import type { MeshMembership, MeshProspect } from '#core/model/mesh.ts'
import type { Listener, Snapshot } from '#core/model/snapshot.ts'
import { compileHttpRoutes } from './compile-http-routes.ts'
import { compilePools } from './compile-pools.ts'
import { compileServerNames } from './compile-server-names.ts'
import { compileStreamRoutes } from './compile-stream-routes.ts'
import type { KongConfig } from './config/kong-config.ts'
import type { EntityDirectory } from './entities/entity-directory.ts'
import { routes } from './entities/route.ts'
import { services } from './entities/service.ts'
import type { CompiledFilters } from './plugins/compile-filters.ts'
import { routeTrace } from './route-trace.ts'
import { createErrorReplies } from './error-replies.ts'
import { meshProtocolPrefix } from './mesh/mesh-protocol.ts'
import { kongToken } from './version.ts'

/** nginx's default for `keepalive_timeout`. */
const keepAliveTimeoutMs = 75_000
/** nginx's default for `client_header_timeout`, and Kong's for TLS handshakes. */
const clientTimeoutMs = 60_000
/** nginx's default for `large_client_header_buffers`: 4 of 8 KiB. */
const maxHeadBytes = 4 * 8192
/** nginx waits 30 s for first bytes; a server that speaks first would be as late. */
const firstBytesTimeoutMs = 500
/** Usually it is over in a second; only many nodes that start at once on few cores take longer. */
const joiningTimeoutMs = 10_000

const unrouted = { services: [], routes: [] }

const meshProspect: MeshProspect = {
  protocolPrefix: meshProtocolPrefix,
  timeoutMs: joiningTimeoutMs,
}

export interface CompileInput {
  readonly config: KongConfig
  readonly entities: EntityDirectory
  readonly filters: CompiledFilters
  /** What proxy listeners with `ssl` and stream listeners present unless an SNI says otherwise. */
  readonly fallback: ServerIdentities['fallback']
  /** What TLS upstreams are presented that ask for a certificate. */
  readonly clientIdentity: Identity | undefined
}

/** What a node is among others, and how that is called together with its configuration. */
export interface Standing {
  /** Undefined = other nodes are clients like any others. */
  readonly mesh: MeshMembership | undefined
  /** Whether the node has no certificates of its cluster yet, but will. Default false. */
  readonly joining?: boolean
  /** Names this combination of configuration, entities and certificates. */
  readonly version: string
}

export interface Compiled {
  readonly snapshot: Snapshot
  /** Sentences about entities that cannot act on this node's listeners as they are written. */
  readonly warnings: readonly string[]
}

/** Translates a node's configuration and entities into what its data plane does. Pure. */
export function compile(input: CompileInput, standing: Standing): Compiled {
  const { config, entities, filters } = input
  const { directives } = config
  const identities = { fallback: input.fallback, byServerName: compileServerNames(entities) }
  const webIdentities = { ...identities, ciphers: config.sslCiphers }
  const trustedPeers = config.trustedIps.filter((entry) => entry !== 'unix:')
  const routed = { services: entities.list(services), routes: entities.list(routes) }
  const common = { identity: input.clientIdentity, filters }
  // A control plane has no listener to route for, and hears of every change of hundreds.
  const asFor = (listen: readonly unknown[]): typeof routed =>
    listen.length > 0 ? routed : unrouted
  const http = compileHttpRoutes(asFor(config.proxyListen), {
    ...common,
    source: directives.httpSource,
  })
  const stream = compileStreamRoutes(asFor(config.streamListen), {
    ...common,
    source: directives.streamSource,
    idleTimeoutMs: directives.streamIdleTimeoutMs,
  })
  const settings = httpSettings(config, trustedPeers)
  const listeners: Listener[] = [
    ...config.proxyListen.map((listen): Listener => ({
      kind: 'http',
      address: listen.ip,
      port: listen.port,
      transparent: listen.transparent,
      routes: listen.ssl ? http.encrypted : http.plain,
      routesOfPlainClients: listen.ssl && http.plain !== http.encrypted ? http.plain : undefined,
      proxyProtocol: listen.proxyProtocol,
      http2: listen.http2,
      identities: listen.ssl ? webIdentities : undefined,
      filters: filters.global,
      settings,
    })),
    ...config.streamListen.map((listen): Listener => ({
      kind: 'stream',
      address: listen.ip,
      port: listen.port,
      transparent: listen.transparent,
      proxyProtocol: listen.proxyProtocol,
      trustedPeers,
      routes: stream.routes,
      identities,
      firstBytesTimeoutMs: directives.firstBytesTimeoutMs ?? firstBytesTimeoutMs,
      handshakeTimeoutMs: clientTimeoutMs,
    })),
  ]
  const snapshot = {
    listeners,
    pools: compilePools(entities),
    rewrites: config.origins,
    dns: config.dns,
    ...standingOf(standing),
  }
  return { snapshot, warnings: [...http.warnings, ...stream.warnings] }
}

/** The same routes for a node whose standing has changed, and nothing else. */
export function recompile({ snapshot, warnings }: Compiled, standing: Standing): Compiled {
  return { snapshot: { ...snapshot, ...standingOf(standing) }, warnings }
}

function standingOf({
  mesh,
  joining,
  version,
}: Standing): Pick<Snapshot, 'mesh' | 'joining' | 'version'> {
  return { mesh, joining: joining === true ? meshProspect : undefined, version }
}

function httpSettings(config: KongConfig, trustedPeers: readonly string[]): HttpSettings {
  const { directives } = config
  const sends = (...tokens: readonly string[]): boolean =>
    tokens.some((token) => config.headers.includes(token))
  return {
    trustedPeers,
    realIp: config.realIp,
    routeTrace,
    replies: createErrorReplies(config.errorDefaultType),
    responseTokens: {
      server: sends('server_tokens', 'server') ? kongToken : undefined,
      via: sends('server_tokens', 'via') ? kongToken : undefined,
      upstreamLatency: sends('latency_tokens', 'x-kong-upstream-latency')
        ? 'X-Kong-Upstream-Latency'
        : undefined,
      proxyLatency: sends('latency_tokens', 'x-kong-proxy-latency')
        ? 'X-Kong-Proxy-Latency'
        : undefined,
      upstreamStatus: sends('x-kong-upstream-status') ? 'X-Kong-Upstream-Status' : undefined,
    },
    extraResponseHeaders: directives.responseHeader ? [directives.responseHeader] : [],
    maxHeadBytes: directives.maxHeadBytes ?? maxHeadBytes,
    maxBodyBytes: config.clientMaxBodySize,
    keepAliveTimeoutMs: directives.keepAliveTimeoutMs ?? keepAliveTimeoutMs,
    headTimeoutMs: directives.headTimeoutMs ?? clientTimeoutMs,
    handshakeTimeoutMs: clientTimeoutMs,
    upstreamKeepAlive: config.upstreamKeepalive,
  }
}
