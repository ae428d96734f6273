import type { LogRecord } from '#core/kong/plugins/log-record/log-record.ts'

export const metricNames = [
  'kong_latency',
  'latency',
  'request_count',
  'request_per_user',
  'request_size',
  'response_size',
  'status_count',
  'status_count_per_user',
  'unique_users',
  'upstream_latency',
] as const

const statTypes = { counter: 'c', gauge: 'g', histogram: 'h', meter: 'm', set: 's', timer: 'ms' }

export const statTypeNames = ['counter', 'gauge', 'histogram', 'meter', 'set', 'timer'] as const

export type MetricName = (typeof metricNames)[number]

export interface MetricSettings {
  readonly name: MetricName
  readonly stat_type: (typeof statTypeNames)[number]
  readonly sample_rate?: number | null
  readonly consumer_identifier?: 'consumer_id' | 'custom_id' | 'username' | null
}

/** What is sent for one record: `prefix.service.metric:value|type`. Records without a service have none. */
export function renderMetrics(
  record: LogRecord,
  { prefix, metrics }: { readonly prefix: string; readonly metrics: readonly MetricSettings[] },
): readonly string[] {
  const { service } = record
  if (service === undefined) return []
  const scope = `${prefix}.${(service.name ?? service.host).replaceAll('.', '_')}`
  return metrics.flatMap((metric) =>
    samplesOf(metric, record).map(
      ({ stat, value, type }) => `${scope}.${stat}:${value}|${type}${rateOf(metric)}`,
    ),
  )
}

interface Sample {
  readonly stat: string
  readonly value: string | number
  readonly type: string
}

function samplesOf(metric: MetricSettings, record: LogRecord): readonly Sample[] {
  const { request, response, latencies } = record
  const type = statTypes[metric.stat_type]
  const user = userOf(metric, record)
  const one = (stat: string, value: string | number): readonly Sample[] => [{ stat, value, type }]
  switch (metric.name) {
    case 'request_count':
      return one('request.count', 1)
    case 'request_size':
      return one('request.size', request.size)
    case 'response_size':
      return one('response.size', response.size)
    case 'latency':
      return one('latency', latencies.request)
    case 'upstream_latency':
      return latencies.proxy === -1 ? [] : one('upstream_latency', latencies.proxy)
    case 'kong_latency':
      return one('kong_latency', latencies.kong)
    case 'status_count':
      return counts('request.status', response.status)
    case 'unique_users':
      return user === undefined ? [] : [{ stat: 'user.uniques', value: user, type: 's' }]
    case 'request_per_user':
      return user === undefined ? [] : [{ stat: `user.${user}.request.count`, value: 1, type: 'c' }]
    case 'status_count_per_user':
      return user === undefined ? [] : counts(`user.${user}.request.status`, response.status)
  }
}

function counts(stat: string, status: number): readonly Sample[] {
  return [`${stat}.${status}`, `${stat}.total`].map((name) => ({ stat: name, value: 1, type: 'c' }))
}

function userOf(
  { consumer_identifier: by }: MetricSettings,
  { consumer }: LogRecord,
): string | undefined {
  if (consumer === undefined || by === null || by === undefined) return undefined
  if (by === 'consumer_id') return consumer.id.replaceAll('-', '_')
  return consumer[by] ?? undefined
}

/** The receiver multiplies by it; a set has none. */
function rateOf({ name, sample_rate: rate }: MetricSettings): string {
  return rate === null || rate === undefined || rate === 1 || name === 'unique_users'
    ? ''
    : `|@${rate}`
}
