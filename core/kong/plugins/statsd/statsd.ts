import { hostField, portField } from '#core/kong/entities/field-types.ts'
import { DatagramSender } from '#core/kong/plugins/log-record/datagram-sender.ts'
import { logFilter } from '#core/kong/plugins/log-record/log-filter.ts'
import { logPluginRules } from '#core/kong/plugins/log-record/log-plugin-rules.ts'
import { openOutbox } from '#core/kong/plugins/log-record/outboxes.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import type { EntityCheck, FieldRules } from '#core/kong/schema/field.ts'
import { metricNames, type MetricSettings, renderMetrics, statTypeNames } from './metrics.ts'

interface StatsdConfig {
  readonly host: string
  readonly port: number
  readonly prefix: string
  readonly metrics: readonly MetricSettings[]
}

const defaultMetrics: readonly MetricSettings[] = [
  { name: 'request_count', stat_type: 'counter', sample_rate: 1 },
  { name: 'latency', stat_type: 'timer' },
  { name: 'request_size', stat_type: 'timer' },
  { name: 'status_count', stat_type: 'counter', sample_rate: 1 },
  { name: 'response_size', stat_type: 'timer' },
  { name: 'unique_users', stat_type: 'set', consumer_identifier: 'custom_id' },
  {
    name: 'request_per_user',
    stat_type: 'counter',
    sample_rate: 1,
    consumer_identifier: 'custom_id',
  },
  { name: 'upstream_latency', stat_type: 'timer' },
  { name: 'kong_latency', stat_type: 'timer' },
  {
    name: 'status_count_per_user',
    stat_type: 'counter',
    sample_rate: 1,
    consumer_identifier: 'custom_id',
  },
]

/** Sends measurements of each exchange to a StatsD server, one datagram each. Kong 1.1, "StatsD". */
export const statsd = definePlugin<StatsdConfig>({
  ...logPluginRules,
  name: 'statsd',
  priority: 11,
  config: {
    fields: {
      host: { ...hostField, default: 'localhost' },
      port: { ...portField, default: 8125 },
      prefix: { type: 'string', default: 'kong' },
      metrics: {
        type: 'array',
        default: defaultMetrics,
        elements: {
          type: 'record',
          fields: {
            name: { type: 'string', required: true, oneOf: metricNames },
            stat_type: { type: 'string', required: true, oneOf: statTypeNames },
            sample_rate: { type: 'number', gt: 0 },
            consumer_identifier: {
              type: 'string',
              oneOf: ['consumer_id', 'custom_id', 'username'],
            },
          },
          checks: [
            when('name', ['unique_users'], 'stat_type', { eq: 'set' }),
            when('stat_type', ['counter', 'gauge'], 'sample_rate', { required: true }),
            when(
              'name',
              ['status_count_per_user', 'request_per_user', 'unique_users'],
              'consumer_identifier',
              { required: true },
            ),
            when(
              'name',
              ['status_count', 'status_count_per_user', 'request_per_user'],
              'stat_type',
              { eq: 'counter' },
            ),
          ],
        },
      },
    },
  },
  openHttp: (config, host) => {
    const sender = new DatagramSender(config.host, config.port)
    const outbox = openOutbox(host, {
      name: 'statsd',
      deliver: (datagrams) => sender.send(datagrams),
      release: () => sender.release(),
    })
    return logFilter(host, (record) => {
      for (const metric of renderMetrics(record, config)) outbox.add(metric)
    })
  },
})

function when(
  ifField: string,
  values: readonly string[],
  thenField: string,
  thenMatch: FieldRules,
): EntityCheck {
  return { kind: 'conditional', ifField, ifMatch: { oneOf: values }, thenField, thenMatch }
}
