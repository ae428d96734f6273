import { HttpPoster } from '#core/kong/plugins/log-record/http-poster.ts'
import { logFilter } from '#core/kong/plugins/log-record/log-filter.ts'
import { logPluginRules } from '#core/kong/plugins/log-record/log-plugin-rules.ts'
import { openOutbox } from '#core/kong/plugins/log-record/outboxes.ts'
import { urlField } from '#core/kong/plugins/log-record/url-field.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'

interface HttpLogConfig {
  readonly http_endpoint: string
  readonly method: string
  readonly content_type: string
  /** In ms. */
  readonly timeout: number
  /** In ms. */
  readonly keepalive: number
  readonly retry_count: number
  /** Records in one request; more than one are sent as a JSON array. */
  readonly queue_size: number
  /** In s. */
  readonly flush_timeout: number
}

/** Sends the record of each exchange to an HTTP server. Kong 1.1, "HTTP Log". */
export const httpLog = definePlugin<HttpLogConfig>({
  ...logPluginRules,
  name: 'http-log',
  priority: 12,
  config: {
    fields: {
      http_endpoint: { ...urlField, required: true },
      method: { type: 'string', default: 'POST', oneOf: ['POST', 'PUT', 'PATCH'] },
      content_type: { type: 'string', default: 'application/json', oneOf: ['application/json'] },
      timeout: { type: 'number', default: 10_000 },
      keepalive: { type: 'number', default: 60_000 },
      retry_count: { type: 'integer', default: 10 },
      queue_size: { type: 'integer', default: 1 },
      flush_timeout: { type: 'number', default: 2 },
    },
  },
  openHttp: (config, host) => {
    const single = config.queue_size <= 1
    const poster = new HttpPoster(config.http_endpoint, {
      method: config.method,
      contentType: config.content_type,
      timeoutMs: config.timeout,
      keepAliveMs: config.keepalive,
    })
    const outbox = openOutbox(host, {
      name: 'http-log',
      deliver: (records, signal) =>
        poster.post(single ? records.join('') : `[${records.join(',')}]`, signal),
      release: () => poster.release(),
      batchSize: single ? 1 : config.queue_size,
      flushAfterMs: single ? 0 : config.flush_timeout * 1000,
      retries: config.retry_count,
    })
    return logFilter(host, (record) => outbox.add(JSON.stringify(record)))
  },
})
