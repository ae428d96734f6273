import { headerValue, HeaderField } from '#core/codec/http1-header-field.ts'
import type { RequestHead } from '#core/codec/http1-request-head.ts'
import type { HttpListener } from '#core/model/listener.ts'
import type { ReplyCause } from '#core/model/local-reply.ts'
import type { Upstream } from '#core/model/upstream.ts'
import { chooseHttpRoute } from './choose-http-route.ts'
import { forwardRequestHeaders, type ClientSide } from './forward-headers.ts'
import { rewritePath } from './rewrite-path.ts'
import { chooseUpstreamTarget, splitAuthority, type UpstreamTarget } from './upstream-target.ts'

/** What is to be done for a request whose upstream was chosen. */
export interface ExchangePlan {
  readonly kind: 'proxy'
  readonly upstream: Upstream
  readonly target: UpstreamTarget
  /** The request's head as it is written to the upstream. */
  readonly requestHead: string
  /** Whether the upstream may switch to WebSocket. */
  readonly upgrade: boolean
}

export interface Refusal {
  readonly kind: 'refusal'
  readonly cause: ReplyCause
}

/** Decides what becomes of a request. */
export function planExchange(
  head: RequestHead,
  listener: HttpListener,
  client: ClientSide,
): ExchangePlan | Refusal {
  const { maxBodyBytes } = listener.settings
  if (maxBodyBytes > 0 && head.framing.kind === 'length' && head.framing.length > maxBodyBytes) {
    return { kind: 'refusal', cause: { kind: 'status', status: 413 } }
  }
  const chosen = chooseHttpRoute(listener.routes, {
    method: head.method,
    host: splitAuthority(head.authority ?? '').host,
    path: head.path,
  })
  if (chosen === undefined) return { kind: 'refusal', cause: { kind: 'no-route' } }
  const { route, matchedPath } = chosen
  if (route.match.encryption === 'required' && !arrivedEncrypted(head, client)) {
    return { kind: 'refusal', cause: { kind: 'upgrade-required' } }
  }
  const target = chooseUpstreamTarget(route, head, client)
  const upgrade =
    head.minorVersion === 1 && headerValue(head.fields, 'upgrade')?.toLowerCase() === 'websocket'
  const path = rewritePath(route.forward, head.path, matchedPath) + head.query
  const fields = forwardRequestHeaders(head, client, { hostHeader: target.hostHeader, upgrade })
  return {
    kind: 'proxy',
    upstream: route.upstream,
    target,
    requestHead: `${head.method} ${path} HTTP/1.1\r\n${HeaderField.render(fields)}\r\n`,
    upgrade,
  }
}

function arrivedEncrypted(head: RequestHead, client: ClientSide): boolean {
  if (client.encrypted) return true
  return client.peerTrusted && headerValue(head.fields, 'x-forwarded-proto') === 'https'
}
