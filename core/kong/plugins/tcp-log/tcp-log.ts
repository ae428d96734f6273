import { hostField, portField } from '#core/kong/entities/field-types.ts'
import { logFilter } from '#core/kong/plugins/log-record/log-filter.ts'
import { logPluginRules } from '#core/kong/plugins/log-record/log-plugin-rules.ts'
import { openOutbox } from '#core/kong/plugins/log-record/outboxes.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import { LineSender } from './line-sender.ts'

interface TcpLogConfig {
  readonly host: string
  readonly port: number
  /** For connecting and for sending, in ms. */
  readonly timeout: number
  /** How long an idle connection is kept, in ms. */
  readonly keepalive: number
  readonly tls: boolean
  readonly tls_sni: string | null
}

/** Sends the record of each exchange as a line over TCP or TLS. Kong 1.1, "TCP Log". */
export const tcpLog = definePlugin<TcpLogConfig>({
  ...logPluginRules,
  name: 'tcp-log',
  priority: 7,
  config: {
    fields: {
      host: { ...hostField, required: true },
      port: { ...portField, required: true },
      timeout: { type: 'number', default: 10_000 },
      keepalive: { type: 'number', default: 60_000 },
      tls: { type: 'boolean', default: false },
      tls_sni: { type: 'string' },
    },
  },
  openHttp: (config, host) => {
    const sender = new LineSender({
      host: config.host,
      port: config.port,
      timeoutMs: config.timeout,
      keepAliveMs: config.keepalive,
      tls: config.tls ? { serverName: config.tls_sni ?? undefined } : undefined,
    })
    const outbox = openOutbox(host, {
      name: 'tcp-log',
      deliver: (records, signal) => sender.send(records, signal),
      release: () => sender.release(),
    })
    return logFilter(host, (record) => outbox.add(JSON.stringify(record)))
  },
})
