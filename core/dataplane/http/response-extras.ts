import { headerFields, headerValue, type HeaderField } from '#core/codec/http1-header-field.ts'
import type { HttpRoute } from '#core/model/http-route.ts'
import type { HttpSettings } from '#core/model/listener.ts'
import { legalField } from './header-fields.ts'

/** What is known of a request that is answered. */
export interface AnsweredRequest {
  readonly fields: readonly HeaderField[]
  readonly route: HttpRoute | undefined
  /** For the client, from a pool. */
  readonly setCookie: string | undefined
}

/** What the client is told beside the answer: its cookie for a pool, and on request its route. */
export function extraFields(
  { fields, route, setCookie }: AnsweredRequest,
  { routeTrace }: HttpSettings,
): readonly HeaderField[] {
  const cookie = setCookie === undefined ? none : [legalField('Set-Cookie', setCookie)]
  if (routeTrace === undefined || route === undefined) return cookie
  const asked = headerValue(fields, routeTrace.requestHeader.toLowerCase())
  return asked === undefined ? cookie : [...cookie, ...headerFields(routeTrace.describe(route))]
}

/** An upstream's headers with ours: what it says under the same name, being such a proxy itself, is about another route. */
export function withExtras(received: HeaderField[], extras: readonly HeaderField[]): HeaderField[] {
  if (extras.length === 0) return received
  const replaced = new Set(extras.map(({ key }) => key))
  // Each cookie is one of its own.
  replaced.delete('set-cookie')
  const kept = replaced.size === 0 ? received : received.filter(({ key }) => !replaced.has(key))
  return [...kept, ...extras]
}

const none: readonly HeaderField[] = []
