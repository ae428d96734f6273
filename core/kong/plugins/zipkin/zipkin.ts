import { services } from '#core/kong/entities/service.ts'
import { HttpPoster } from '#core/kong/plugins/log-record/http-poster.ts'
import { openOutbox } from '#core/kong/plugins/log-record/outboxes.ts'
import { urlField } from '#core/kong/plugins/log-record/url-field.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import type { HttpExchange } from '#core/model/http-filter.ts'
import { parseB3, setB3 } from './b3-headers.ts'
import { spansOf } from './spans.ts'
import { beginTrace, type Trace } from './trace.ts'

interface ZipkinConfig {
  readonly http_endpoint: string
  /** Part of the requests that are reported when the caller leaves it open, 0 to 1. */
  readonly sample_ratio: number
  readonly include_credential: boolean
}

/** Reports what time requests take to a Zipkin server and passes traces on. Kong 1.1, "Zipkin" (version 0.1.2). */
export const zipkin = definePlugin<ZipkinConfig>({
  name: 'zipkin',
  priority: 100_000,
  version: '0.1.2',
  runOn: ['first', 'second', 'all'],
  defaultRunOn: 'all',
  protocols: ['http', 'https'],
  config: {
    fields: {
      http_endpoint: { ...urlField, required: true },
      sample_ratio: { type: 'number', default: 0.001, between: [0, 1] },
      include_credential: { type: 'boolean', required: true, default: true },
    },
  },
  openHttp: (config, host) => {
    const poster = new HttpPoster(config.http_endpoint, {
      method: 'POST',
      contentType: 'application/json',
      timeoutMs: 10_000,
      keepAliveMs: 60_000,
    })
    const outbox = openOutbox(host, {
      name: 'zipkin',
      deliver: (spans, signal) => poster.post(`[${spans.join(',')}]`, signal),
      release: () => poster.release(),
      batchSize: 1000,
    })
    const traceOf = (exchange: HttpExchange): Trace => {
      const known = exchange.notes.get(traces)
      if (isTrace(known)) return known
      const context = parseB3(exchange.request.headers)
      for (const name of context.invalid) host.log('warn', `${name} header invalid; ignoring.`)
      const trace = beginTrace(context, config.sample_ratio)
      exchange.notes.set(traces, trace)
      return trace
    }
    return {
      rewrite: (exchange) => {
        traceOf(exchange).rewriteAt = Date.now()
      },
      access: (exchange) => {
        const trace = traceOf(exchange)
        trace.accessAt = Date.now()
        const { traceId, requestSpanId, proxySpanId, sampled } = trace
        const ids = { traceId, parentId: requestSpanId, spanId: proxySpanId, sampled }
        setB3(exchange.request.headers, ids)
      },
      responseHead: (exchange) => {
        traceOf(exchange).responseAt = Date.now()
      },
      finished: (exchange) => {
        const trace = traceOf(exchange)
        if (!trace.sampled) return
        const serviceId = exchange.route?.serviceId
        const spans = spansOf(exchange, trace, {
          service: serviceId === undefined ? undefined : host.entities.get(services, serviceId),
          nodeId: host.nodeId,
          includeCredential: config.include_credential,
          endedAt: Date.now(),
        })
        outbox.add(spans.map((span) => JSON.stringify(span)).join(','))
      },
    }
  },
})

/** One trace for each exchange, also when another configuration of the plugin takes over after routing. */
const traces = Symbol('traces')

function isTrace(note: unknown): note is Trace {
  return typeof note === 'object' && note !== null && 'proxySpanId' in note
}
