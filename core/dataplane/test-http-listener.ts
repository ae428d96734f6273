import { testListener, type TestRoute } from './http/open-test-proxy.ts'
import type { HttpListener, HttpSettings } from '#core/model/listener.ts'
import type { ServerIdentities } from '#core/model/identity.ts'
import type { ReplyCause } from '#core/model/local-reply.ts'

/** An HTTP listener on a loopback port that answers by itself with a bare status. */
export function testHttpListener(
  routes: readonly TestRoute[],
  identities?: ServerIdentities,
): HttpListener {
  return { ...testListener(routes, bare), identities }
}

const bare: Partial<HttpSettings> = {
  replies: (cause) => ({ status: statusOf(cause), reason: 'Local', headers: [], body: '' }),
  responseTokens: {
    server: undefined,
    via: undefined,
    upstreamLatency: undefined,
    proxyLatency: undefined,
    upstreamStatus: undefined,
  },
  maxHeadBytes: 8192,
  upstreamKeepAlive: 0,
}

function statusOf(cause: ReplyCause): number {
  if (cause.kind === 'status') return cause.status
  return cause.kind === 'internal-error' ? 500 : 404
}
