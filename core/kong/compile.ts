import type { ServerIdentities } from '#core/model/identity.ts'
import type { HttpSettings } from '#core/model/listener.ts'
import type { Listener, Snapshot } from '#core/model/snapshot.ts'
import { compileHttpRoutes } from './compile-http-routes.ts'
import { compileStreamRoutes } from './compile-stream-routes.ts'
import type { KongConfig } from './config/kong-config.ts'
import type { Entities } from './routed.ts'
import { createErrorReplies } from './error-replies.ts'
import { kongToken } from './version.ts'

/** nginx's default for `keepalive_timeout`. */
const keepAliveTimeoutMs = 75_000
/** nginx's default for `client_header_timeout`, and Kong's for TLS handshakes. */
const clientTimeoutMs = 60_000
/** nginx's default for `large_client_header_buffers`: 4 of 8 KiB. */
const maxHeadBytes = 4 * 8192
/** nginx waits 30 s for first bytes; a server that speaks first would be as late. */
const firstBytesTimeoutMs = 500

export interface CompileInput {
  readonly config: KongConfig
  readonly entities: Entities
  /** What proxy listeners with `ssl` and stream listeners present. */
  readonly identities: ServerIdentities
  /** Names this combination of configuration and entities. */
  readonly version: string
}

export interface Compiled {
  readonly snapshot: Snapshot
  /** Sentences about entities that cannot act as they are written. */
  readonly warnings: readonly string[]
}

/** Translates a node's configuration and entities into what its data plane does. Pure. */
export function compile({ config, entities, identities, version }: CompileInput): Compiled {
  const { directives } = config
  const http = compileHttpRoutes(entities, directives.httpSource)
  const stream = compileStreamRoutes(entities, {
    source: directives.streamSource,
    idleTimeoutMs: directives.streamIdleTimeoutMs,
  })
  const settings = httpSettings(config)
  const listeners: Listener[] = [
    ...config.proxyListen.map((listen): Listener => ({
      kind: 'http',
      address: listen.ip,
      port: listen.port,
      transparent: listen.transparent,
      routes: listen.ssl ? http.encrypted : http.plain,
      identities: listen.ssl ? identities : undefined,
      settings,
    })),
    ...config.streamListen.map((listen): Listener => ({
      kind: 'stream',
      address: listen.ip,
      port: listen.port,
      transparent: listen.transparent,
      routes: stream.routes,
      identities,
      firstBytesTimeoutMs: directives.firstBytesTimeoutMs ?? firstBytesTimeoutMs,
      handshakeTimeoutMs: clientTimeoutMs,
    })),
  ]
  const http2 = config.proxyListen
    .filter((listen) => listen.http2)
    .map(({ listener }) => `http2 is not served yet: clients of '${listener}' are offered HTTP/1.1`)
  return {
    snapshot: { version, listeners },
    warnings: [...http2, ...http.warnings, ...stream.warnings],
  }
}

function httpSettings(config: KongConfig): HttpSettings {
  const { directives } = config
  const sends = (...tokens: readonly string[]): boolean =>
    tokens.some((token) => config.headers.includes(token))
  return {
    trustedPeers: config.trustedIps.filter((entry) => entry !== 'unix:'),
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
    headTimeoutMs: clientTimeoutMs,
    handshakeTimeoutMs: clientTimeoutMs,
    upstreamKeepAlive: config.upstreamKeepalive,
  }
}
