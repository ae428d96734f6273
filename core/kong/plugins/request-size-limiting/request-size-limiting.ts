import { messageReply } from '#core/kong/plugins/json-reply.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import { webPluginRules } from '#core/kong/plugins/web-plugin-rules.ts'
import { BodyTooLargeError, type HttpExchange } from '#core/model/http-filter.ts'

interface RequestSizeLimitingConfig {
  /** In MiB. */
  readonly allowed_payload_size: number
}

/** Refuses requests with large bodies. Kong 1.1, "Request Size Limiting". */
export const requestSizeLimiting = definePlugin<RequestSizeLimitingConfig>({
  ...webPluginRules,
  name: 'request-size-limiting',
  priority: 951,
  config: { fields: { allowed_payload_size: { type: 'integer', default: 128 } } },
  openHttp: ({ allowed_payload_size: allowed }) => {
    const maxBytes = allowed * 1024 * 1024
    return {
      access: (exchange) => {
        const { contentLength } = exchange.request
        if (contentLength === undefined && hasBodyOfUnknownLength(exchange)) {
          return measure(exchange, maxBytes)
        }
        if (contentLength !== undefined && contentLength > maxBytes) refuse(exchange)
        return undefined
      },
    }
  },
})

/** HTTP/2 requests need not say whether they have a body. */
function hasBodyOfUnknownLength({ request }: HttpExchange): boolean {
  return request.headers.has('Transfer-Encoding') || / HTTP\/2(?:\.0)?$/.test(request.line)
}

async function measure(exchange: HttpExchange, maxBytes: number): Promise<void> {
  try {
    await exchange.request.readBody({ maxBytes })
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error
    refuse(exchange)
  }
}

function refuse(exchange: HttpExchange): void {
  const waits = exchange.request.headers.get('Expect')?.trim().toLowerCase() === '100-continue'
  exchange.answer(messageReply(waits ? 417 : 413, 'Request size limit exceeded'))
}
