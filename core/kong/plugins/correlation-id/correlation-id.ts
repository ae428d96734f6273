import { randomUUID } from 'node:crypto'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import { webPluginRules } from '#core/kong/plugins/web-plugin-rules.ts'
import type { HttpExchange, HttpFilter } from '#core/model/http-filter.ts'

interface CorrelationIdConfig {
  readonly header_name: string
  readonly generator: 'uuid' | 'uuid#counter' | 'tracker'
  /** Whether the client is told, too. */
  readonly echo_downstream: boolean
}

/** Marks requests that have no mark yet, so that they can be recognised elsewhere. Kong 1.1, "Correlation ID". */
export const correlationId = definePlugin<CorrelationIdConfig>({
  ...webPluginRules,
  name: 'correlation-id',
  priority: 1,
  config: {
    fields: {
      header_name: {
        type: 'string',
        default: 'Kong-Request-ID',
        match: /^[\w!#$%&'*+.^`|~-]+$/,
      },
      generator: {
        type: 'string',
        default: 'uuid#counter',
        oneOf: ['uuid', 'uuid#counter', 'tracker'],
      },
      echo_downstream: { type: 'boolean', default: false },
    },
  },
  openHttp: ({ header_name: header, generator, echo_downstream: echo }, host) => {
    const worker = host.keep('correlation-id', () => ({ uuid: randomUUID(), count: 0 }))
    const generate = {
      uuid: () => randomUUID(),
      'uuid#counter': () => `${worker.uuid}#${(worker.count += 1)}`,
      tracker: openTracker(),
    }[generator]
    const mark: HttpFilter = {
      access: (exchange) => {
        const { headers } = exchange.request
        if (!headers.get(header)) headers.set(header, generate(exchange))
      },
    }
    if (!echo) return mark
    return {
      ...mark,
      // Without a route, or after another plugin's answer, the request may have no mark yet.
      responseHead: (exchange) => {
        const known = exchange.request.headers.get(header)
        exchange.response?.headers.set(header, known || generate(exchange))
      },
    }
  },
})

/** Address and port of this node, process, connection, how many marks it has had, and the time in s. */
function openTracker(): (exchange: HttpExchange) => string {
  const marks = new WeakMap<HttpExchange['connection'], number>()
  return ({ connection }) => {
    const count = (marks.get(connection) ?? 0) + 1
    marks.set(connection, count)
    const { address, port } = connection.destination
    const seconds = (Date.now() / 1000).toFixed(3)
    return `${address}-${port}-${process.pid}-${connection.id}-${count}-${seconds}`
  }
}
