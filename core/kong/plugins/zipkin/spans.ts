import { isIPv6 } from 'node:net'
import type { Service } from '#core/kong/entities/service.ts'
import { wireText } from '#core/kong/plugins/wire-text.ts'
import { requestUrl } from '#core/kong/plugins/log-record/request-url.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { HttpExchange } from '#core/model/http-filter.ts'
import { randomId, type Trace } from './trace.ts'

/** Zipkin's API, version 2. Times in µs. */
export interface Span {
  readonly traceId: string
  readonly parentId?: string
  readonly id: string
  readonly name: string
  readonly kind?: 'CLIENT' | 'SERVER'
  readonly timestamp: number
  readonly duration: number
  readonly localEndpoint: { readonly serviceName: string } | null
  readonly remoteEndpoint: {
    readonly ipv4?: string
    readonly ipv6?: string
    readonly port: number
  } | null
  readonly tags: Readonly<Record<string, string>>
  readonly annotations: readonly { readonly value: string; readonly timestamp: number }[]
}

export interface SpanFacts {
  readonly service: Service | undefined
  readonly nodeId: string
  readonly includeCredential: boolean
  /** Unix time in ms. */
  readonly endedAt: number
}

/**
 * Describes an exchange that is over: the request as a whole, what the proxy made of it, and each attempt to reach the
 * upstream.
 */
export function spansOf(exchange: HttpExchange, trace: Trace, facts: SpanFacts): readonly Span[] {
  const { request, attempts, timing } = exchange
  const url = wireText(requestUrl(exchange) + request.path)
  const name = `${request.method} ${url}`
  const { traceId } = trace
  const proxyAt = trace.accessAt ?? trace.responseAt ?? facts.endedAt
  const tries = attempts.map((attempt, index): Span => {
    const failed = attempt.outcome !== 'connected'
    return {
      traceId,
      parentId: trace.requestSpanId,
      id: randomId(8),
      name: `${name} (balancer try ${index + 1})`,
      ...interval(attempt.startedAt, attempt.startedAt + attempt.durationMs),
      localEndpoint: null,
      remoteEndpoint: endpoint(attempt.address),
      tags: texts({
        'kong.balancer.try': index + 1,
        error: failed,
        'kong.balancer.state': failed ? attempt.outcome : undefined,
        'http.status_code': failed ? attempt.code : undefined,
      }),
      annotations: [],
    }
  })
  const proxy: Span = {
    traceId,
    parentId: trace.requestSpanId,
    id: trace.proxySpanId,
    name: `${name} (proxy)`,
    kind: 'CLIENT',
    ...interval(proxyAt, facts.endedAt),
    localEndpoint: facts.service?.name ? { serviceName: facts.service.name } : null,
    remoteEndpoint: endpoint(attempts.at(-1)?.address),
    tags: texts({
      'kong.service': facts.service?.id,
      'kong.route': facts.service && exchange.route?.id,
      'peer.hostname': attempts.length > 0 ? facts.service?.host : undefined,
    }),
    annotations: [
      ...annotation('kong.access', proxyAt, proxyAt + timing.proxyMs),
      ...annotation('kong.header_filter', trace.responseAt, trace.responseAt),
      ...annotation('kong.body_filter', trace.responseAt, facts.endedAt),
    ],
  }
  const whole: Span = {
    traceId,
    ...(trace.parentId !== undefined && { parentId: trace.parentId }),
    id: trace.requestSpanId,
    name,
    kind: 'SERVER',
    ...interval(timing.startedAt, facts.endedAt),
    localEndpoint: null,
    remoteEndpoint: endpoint(exchange.client),
    tags: texts({
      component: 'kong',
      'http.method': request.method,
      'http.path': url,
      'http.status_code': exchange.response?.status,
      'kong.consumer': exchange.principal?.id,
      'kong.credential': facts.includeCredential ? exchange.principal?.credentialId : undefined,
      'kong.node.id': facts.nodeId,
    }),
    annotations: annotation('kong.rewrite', trace.rewriteAt, trace.accessAt ?? trace.rewriteAt),
  }
  return [...tries, proxy, whole]
}

function interval(fromMs: number, toMs: number): Pick<Span, 'timestamp' | 'duration'> {
  return { timestamp: micros(fromMs), duration: Math.max(0, micros(toMs) - micros(fromMs)) }
}

function micros(ms: number): number {
  return Math.floor(ms * 1000)
}

function annotation(
  phase: string,
  startMs: number | undefined,
  finishMs: number | undefined,
): Span['annotations'] {
  if (startMs === undefined || finishMs === undefined) return []
  return [
    { value: `${phase}.start`, timestamp: micros(startMs) },
    { value: `${phase}.finish`, timestamp: micros(finishMs) },
  ]
}

function endpoint(end: SocketAddress | undefined): Span['remoteEndpoint'] {
  if (end === undefined) return null
  const { address, port } = end
  return isIPv6(address) ? { ipv6: address, port } : { ipv4: address, port }
}

/** Zipkin's tags are texts. */
function texts(
  tags: Readonly<Record<string, string | number | boolean | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(tags).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  )
}
