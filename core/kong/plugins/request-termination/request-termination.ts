import { jsonReply } from '#core/kong/plugins/json-reply.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import { webPluginRules } from '#core/kong/plugins/web-plugin-rules.ts'
import { wireBytes } from '#core/kong/plugins/wire-bytes.ts'
import type { FilterReply } from '#core/model/http-filter.ts'

interface RequestTerminationConfig {
  readonly status_code: number
  readonly message: string | null
  readonly content_type: string | null
  readonly body: string | null
}

const defaultMessages: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  404: 'Not found',
  405: 'Method not allowed',
  500: 'An unexpected error occurred',
  502: 'Bad Gateway',
  503: 'Service unavailable',
}

/** Answers every request with what was configured. Kong 1.1, "Request Termination". */
export const requestTermination = definePlugin<RequestTerminationConfig>({
  ...webPluginRules,
  name: 'request-termination',
  priority: 2,
  config: {
    fields: {
      status_code: { type: 'integer', default: 503, between: [100, 599] },
      message: { type: 'string' },
      content_type: { type: 'string', notMatch: /[\r\n]/ },
      body: { type: 'string' },
    },
    checks: [
      {
        kind: 'custom',
        fields: ['message', 'content_type', 'body'],
        check: ({ message, content_type: type, body }) => {
          if (message && (type || body)) return 'message cannot be used with content_type or body'
          return type && !body ? 'content_type requires a body' : undefined
        },
      },
    ],
  },
  openHttp: (config) => {
    const reply = replyOf(config)
    return { access: (exchange) => exchange.answer(reply) }
  },
})

function replyOf(config: RequestTerminationConfig): FilterReply {
  const { status_code: status, content_type: type, body } = config
  if (body !== null) {
    return {
      status,
      headers: [['Content-Type', wireBytes(type ?? 'application/json; charset=utf-8')]],
      body,
    }
  }
  const message = config.message ?? defaultMessages[status]
  return jsonReply(status, message === undefined ? {} : { message })
}
