import { headerValue, type HeaderField } from '#core/codec/http1-header-field.ts'
import type { MinorVersion } from '#core/codec/http1-message.ts'
import type { ResponseHead } from '#core/codec/http1-response-head.ts'
import type { HttpSettings } from '#core/model/listener.ts'
import type { ResponseInFilters } from './filtered-response.ts'
import {
  changedResponseHeaders,
  forwardResponseHeaders,
  ownResponseHeaders,
  receivedResponseHeaders,
  type Latencies,
  type ResponseSide,
} from './forward-headers.ts'
import { mayHaveBody, renderHead } from './local-answer.ts'
import { reasonOf } from './reason-of.ts'
import { ResponseBody } from './response-body.ts'
import { withExtras } from './response-extras.ts'

/** What an upstream's response has to suit. */
export interface ResponseTerms {
  /** The client's. */
  readonly method: string
  readonly clientVersion: MinorVersion
  /** Whether the client's connection may carry another request, if the end of the body can be seen. */
  readonly mayPersist: boolean
  readonly settings: HttpSettings
  readonly latencies: Latencies
}

export interface BegunResponse {
  /** As it goes to the client. */
  readonly head: string
  readonly body: ResponseBody
  readonly persistent: boolean
}

/** Decides how an upstream's response goes to the client. */
export function beginResponse(
  head: ResponseHead,
  extras: readonly HeaderField[],
  terms: ResponseTerms,
): BegunResponse {
  const body = new ResponseBody(head.framing, { clientVersion: terms.clientVersion })
  const persistent = terms.mayPersist && !body.endsByClose
  const fields = forwardResponseHeaders(head, sideOf(head, { body, persistent, terms }))
  return { head: renderHead(head, withExtras(fields, extras)), body, persistent }
}

/** The headers of an upstream's response that filters are shown. */
export function shownHeaders(
  head: ResponseHead,
  extras: readonly HeaderField[],
  { responseTokens: tokens }: HttpSettings,
): readonly HeaderField[] {
  const connection = isUpgrade(head) ? 'upgrade' : 'close'
  return withExtras(receivedResponseHeaders(head, { tokens, connection }), extras)
}

/** Decides how an upstream's response goes to the client that filters were shown and may have changed. */
export function beginFilteredResponse(
  head: ResponseHead,
  response: ResponseInFilters,
  terms: ResponseTerms,
): BegunResponse {
  const status = isUpgrade(head) ? head.status : response.status
  const body = new ResponseBody(head.framing, {
    clientVersion: terms.clientVersion,
    unwanted: !isUpgrade(head) && !mayHaveBody(terms.method, status),
    transform: response.transform,
  })
  const persistent = terms.mayPersist && !body.endsByClose
  const side = sideOf(head, { body, persistent, terms })
  const length = announcedLength(head, status, { body, response, method: terms.method })
  const fields = [
    ...changedResponseHeaders(response.headers.fields, side, length),
    ...ownResponseHeaders(head.status, side),
  ]
  response.headers.assign(fields)
  const reason = status === head.status ? head.reason : reasonOf(status)
  return { head: renderHead({ status, reason }, fields), body, persistent }
}

function sideOf(
  head: ResponseHead,
  begun: {
    readonly body: ResponseBody
    readonly persistent: boolean
    readonly terms: ResponseTerms
  },
): ResponseSide {
  const { responseTokens: tokens, extraResponseHeaders: extraHeaders } = begun.terms.settings
  const lasting = begun.persistent ? 'keep-alive' : 'close'
  return {
    tokens,
    extraHeaders,
    latencies: begun.terms.latencies,
    chunked: begun.body.chunked,
    connection: isUpgrade(head) ? 'upgrade' : lasting,
  }
}

/** What Content-Length says to the client of a response that filters have seen. */
function announcedLength(
  head: ResponseHead,
  status: number,
  about: {
    readonly body: ResponseBody
    readonly response: ResponseInFilters
    readonly method: string
  },
): string | undefined {
  const { body, response, method } = about
  if (status < 200 || status === 204 || body.chunked || body.endsByClose) return undefined
  if (mayHaveBody(method, status) && head.framing.kind === 'none') return '0'
  return response.transform === undefined ? headerValue(head.fields, 'content-length') : undefined
}

function isUpgrade({ status }: ResponseHead): boolean {
  return status === 101
}
