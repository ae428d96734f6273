import { consumers } from '#core/kong/entities/consumer.ts'
import { messageReply } from '#core/kong/plugins/json-reply.ts'
import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import type { FilterReply, HttpExchange, HttpFilter } from '#core/model/http-filter.ts'
import { setConsumerHeaders } from './consumer-headers.ts'
import type { Credential } from './credential.ts'

/** What looking at a request's credentials came to. */
export type Verdict =
  | {
      readonly kind: 'proved'
      readonly credential: Credential & { readonly username?: string | null }
    }
  | { readonly kind: 'refused'; readonly reply: FilterReply }

export function refused(
  status: number,
  message: string,
  headers?: FilterReply['headers'],
): Verdict {
  return { kind: 'refused', reply: messageReply(status, message, headers) }
}

export interface AuthenticationOptions {
  /** Consumer that stands for everybody who is not known; null = such clients are refused. */
  readonly anonymous: string | null
  /** Whether OPTIONS requests need credentials too; default true. */
  readonly onPreflight?: boolean
  readonly verify: (exchange: HttpExchange) => Verdict | Promise<Verdict>
}

/**
 * Lets a request pass as the consumer that it proves to come from. Of several that have an anonymous consumer, one
 * proof is enough; without, each wants its own. Kong 1.1, "Multiple Authentication".
 */
export function authenticationFilter(
  host: PluginHost,
  { anonymous, onPreflight = true, verify }: AuthenticationOptions,
): HttpFilter {
  const settle = (exchange: HttpExchange, verdict: Verdict): void => {
    const { headers } = exchange.request
    if (verdict.kind === 'proved') {
      const { credential } = verdict
      const consumer = credential.consumer && host.entities.get(consumers, credential.consumer.id)
      if (!consumer) {
        settle(exchange, refused(401, 'Invalid authentication credentials'))
        return
      }
      exchange.principal = { id: consumer.id, credentialId: credential.id }
      setConsumerHeaders(headers, consumer, credential)
    } else if (anonymous === null) {
      exchange.answer(verdict.reply)
    } else {
      const consumer = host.entities.get(consumers, anonymous)
      if (consumer === undefined) {
        host.log(
          'error',
          `the anonymous consumer '${anonymous}' of plugin ${host.pluginId} does not exist; create it or set config.anonymous to another one`,
        )
        exchange.answer(messageReply(500, 'An unexpected error occurred'))
        return
      }
      exchange.principal = { id: consumer.id, credentialId: undefined }
      setConsumerHeaders(headers, consumer, undefined)
    }
  }
  return {
    access: (exchange) => {
      if (!onPreflight && exchange.request.method === 'OPTIONS') return
      if (anonymous !== null && exchange.principal?.credentialId !== undefined) return
      const verdict = verify(exchange)
      if (!(verdict instanceof Promise)) {
        settle(exchange, verdict)
        return
      }
      return verdict.then((found) => settle(exchange, found))
    },
  }
}
