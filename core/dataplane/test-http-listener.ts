import { testRoute, type TestRoute } from './http/open-test-proxy.ts'
import type { HttpListener } from '#core/model/listener.ts'
import type { ServerIdentities } from '#core/model/identity.ts'
import type { ReplyCause } from '#core/model/local-reply.ts'

/** An HTTP listener on a loopback port that answers by itself with a bare status. */
export function testHttpListener(
  routes: readonly TestRoute[],
  identities?: ServerIdentities,
): HttpListener {
  return {
    kind: 'http',
    address: '127.0.0.1',
    port: 0,
    transparent: false,
    identities,
    routes: routes.map(testRoute),
    settings: {
      trustedPeers: [],
      replies: (cause) => ({
        status: statusOf(cause),
        reason: 'Local',
        headers: [],
        body: '',
      }),
      responseTokens: {
        server: undefined,
        via: undefined,
        upstreamLatency: undefined,
        proxyLatency: undefined,
        upstreamStatus: undefined,
      },
      extraResponseHeaders: [],
      maxHeadBytes: 8192,
      maxBodyBytes: 0,
      keepAliveTimeoutMs: 5000,
      headTimeoutMs: 5000,
      handshakeTimeoutMs: 5000,
      upstreamKeepAlive: 0,
    },
  }
}

function statusOf(cause: ReplyCause): number {
  if (cause.kind === 'status') return cause.status
  return cause.kind === 'internal-error' ? 500 : 404
}
