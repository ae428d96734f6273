import { HeaderField, headerField, headerFields } from '#core/codec/http1-header-field.ts'
import type { FilterReply } from '#core/model/http-filter.ts'
import type { HttpSettings } from '#core/model/listener.ts'
import type { LocalReply } from '#core/model/local-reply.ts'
import type { Latencies } from './forward-headers.ts'
import { legalField } from './header-fields.ts'
import { httpDate } from './http-date.ts'
import { reasonOf } from './reason-of.ts'

/** An answer that no upstream gave, as it is to be sent. */
export interface LocalAnswer {
  readonly status: number
  readonly reason: string
  /** Without those that say where the answer ends and who gives it. */
  readonly fields: readonly HeaderField[]
  readonly body: Uint8Array
}

/** They say where an answer ends, so nobody but the proxy sets them. */
export const framingHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'transfer-encoding',
])

/** An answer of the proxy itself. */
export function answerOfReply({ status, reason, headers, body }: LocalReply): LocalAnswer {
  const fields = headerFields([['Date', httpDate()], ...headers])
  return { status, reason, fields, body: Buffer.from(body) }
}

/**
 * An answer of a filter.
 * @throws TypeError when the status or the name of a header cannot be sent.
 */
export function answerOfFilter({ status, headers = [], body = '' }: FilterReply): LocalAnswer {
  if (!Number.isInteger(status) || status < 100 || status > 599) {
    throw new TypeError(`${status} cannot be the status of an answer`)
  }
  const own = headers
    .filter(([name]) => !framingHeaders.has(name.toLowerCase()))
    .map(([name, value]) => legalField(name, value))
  const fields = [headerField('Date', httpDate()), ...own]
  return { status, reason: reasonOf(status), fields, body: Buffer.from(body) }
}

export interface LocalAnswerOptions {
  readonly settings: HttpSettings
  /** Whether the client may send another request on this connection. */
  readonly persistent: boolean
  /** Present once the request was on its way to an upstream. */
  readonly latencies: Latencies | undefined
}

/** The fields that go on the wire. */
export function localAnswerFields(
  answer: LocalAnswer,
  { settings, persistent, latencies }: LocalAnswerOptions,
): readonly HeaderField[] {
  const { server, upstreamLatency, proxyLatency, upstreamStatus } = settings.responseTokens
  const lines: (readonly [name: string, value: string])[] = []
  // RFC 9110 section 8.6: an answer that cannot have content does not announce any.
  if (answer.status >= 200 && answer.status !== 204) {
    lines.push(['Content-Length', String(answer.body.length)])
  }
  // RFC 9110 section 7.8: an offer to upgrade is named in Connection.
  const offersUpgrade = answer.fields.some(({ key }) => key === 'upgrade')
  const lasting = persistent ? 'keep-alive' : 'close'
  const upgrading = persistent ? 'Upgrade' : 'Upgrade, close'
  lines.push(['Connection', offersUpgrade ? upgrading : lasting])
  if (server !== undefined) lines.push(['Server', server])
  if (latencies !== undefined) {
    if (upstreamLatency !== undefined) lines.push([upstreamLatency, String(latencies.upstreamMs)])
    if (proxyLatency !== undefined) lines.push([proxyLatency, String(latencies.proxyMs)])
    // nginx counts the status that stands for a failed attempt as the upstream's.
    if (upstreamStatus !== undefined) lines.push([upstreamStatus, String(answer.status)])
  }
  return [...answer.fields, ...headerFields([...lines, ...settings.extraResponseHeaders])]
}

/** The head of an answer, as it goes on the wire. */
export function renderHead(
  { status, reason }: Pick<LocalAnswer, 'status' | 'reason'>,
  fields: readonly HeaderField[],
): string {
  return `HTTP/1.1 ${status} ${reason}\r\n${HeaderField.render(fields)}\r\n`
}

/** Whether an answer to this method can have a body (RFC 9112 section 6.3). */
export function mayHaveBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304
}
