import { HeaderField, headerFields } from '#core/codec/http1-header-field.ts'
import type { HttpSettings } from '#core/model/listener.ts'
import type { LocalReply } from '#core/model/local-reply.ts'
import type { Latencies } from './forward-headers.ts'
import { httpDate } from './http-date.ts'

export interface LocalAnswerOptions {
  readonly settings: HttpSettings
  /** Whether the client may send another request on this connection. */
  readonly persistent: boolean
  /** HEAD is answered without a body. */
  readonly withBody: boolean
  /** Present once the request was on its way to an upstream. */
  readonly latencies: Latencies | undefined
}

/** An answer that the proxy gives by itself, as the two parts that go on the wire. */
export function renderLocalAnswer(
  reply: LocalReply,
  options: LocalAnswerOptions,
): { readonly head: string; readonly body: Buffer } {
  const { settings, persistent, latencies } = options
  const { server, upstreamLatency, proxyLatency } = settings.responseTokens
  const body = Buffer.from(reply.body)
  const lines: (readonly [name: string, value: string])[] = [
    ['Date', httpDate()],
    ...reply.headers,
    ['Content-Length', String(body.length)],
  ]
  // RFC 9110 section 7.8: an offer to upgrade is named in Connection.
  const offersUpgrade = lines.some(([name]) => name.toLowerCase() === 'upgrade')
  const lasting = persistent ? 'keep-alive' : 'close'
  const upgrading = persistent ? 'Upgrade' : 'Upgrade, close'
  lines.push(['Connection', offersUpgrade ? upgrading : lasting])
  if (server !== undefined) lines.push(['Server', server])
  if (latencies !== undefined) {
    if (upstreamLatency !== undefined) lines.push([upstreamLatency, String(latencies.upstreamMs)])
    if (proxyLatency !== undefined) lines.push([proxyLatency, String(latencies.proxyMs)])
  }
  const fields = headerFields([...lines, ...settings.extraResponseHeaders])
  return {
    head: `HTTP/1.1 ${reply.status} ${reply.reason}\r\n${HeaderField.render(fields)}\r\n`,
    body: options.withBody ? body : nothing,
  }
}

const nothing = Buffer.alloc(0)
