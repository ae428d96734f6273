import { hostField, portField } from '#core/kong/entities/field-types.ts'
import { DatagramSender } from '#core/kong/plugins/log-record/datagram-sender.ts'
import { logFilter } from '#core/kong/plugins/log-record/log-filter.ts'
import { logPluginRules } from '#core/kong/plugins/log-record/log-plugin-rules.ts'
import { openOutbox } from '#core/kong/plugins/log-record/outboxes.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'

interface UdpLogConfig {
  readonly host: string
  readonly port: number
  /** In ms. Nothing about sending a datagram can take time, so it has no effect. */
  readonly timeout: number
}

/** Sends the record of each exchange as a datagram. Kong 1.1, "UDP Log". */
export const udpLog = definePlugin<UdpLogConfig>({
  ...logPluginRules,
  name: 'udp-log',
  priority: 8,
  config: {
    fields: {
      host: { ...hostField, required: true },
      port: { ...portField, required: true },
      timeout: { type: 'number', default: 10_000 },
    },
  },
  openHttp: ({ host: address, port }, host) => {
    const sender = new DatagramSender(address, port)
    const outbox = openOutbox(host, {
      name: 'udp-log',
      deliver: (records) => sender.send(records),
      release: () => sender.release(),
    })
    return logFilter(host, (record) => outbox.add(JSON.stringify(record)))
  },
})
