import { type Histogram, latencyBuckets, type Metrics } from './metrics.ts'

export interface NodeState {
  readonly reachable: boolean
  readonly connections: {
    readonly accepted: number
    readonly active: number
    readonly requests: number
  }
}

/** Prometheus' text format, version 0.0.4, with the names of Kong's Prometheus plugin 0.3.4. */
export function renderMetrics(metrics: Metrics, { reachable, connections }: NodeState): string {
  const { accepted, active, requests } = connections
  const states = {
    accepted,
    active,
    handled: accepted,
    reading: 0,
    total: requests,
    waiting: 0,
    writing: active,
  }
  return [
    ...family('kong_bandwidth', 'counter', 'Total bandwidth in bytes consumed per service in Kong'),
    ...Array.from(metrics.bandwidths, ([[type, service], bytes]) =>
      sample('kong_bandwidth', { type, service }, bytes),
    ),
    ...family(
      'kong_datastore_reachable',
      'gauge',
      'Datastore reachable from Kong, 0 is unreachable',
    ),
    sample('kong_datastore_reachable', {}, reachable ? 1 : 0),
    ...family('kong_http_status', 'counter', 'HTTP status codes per service in Kong'),
    ...Array.from(metrics.statuses, ([[code, service], count]) =>
      sample('kong_http_status', { code, service }, count),
    ),
    ...family(
      'kong_latency',
      'histogram',
      'Latency added by Kong, total request time and upstream latency for each service in Kong',
    ),
    ...Array.from(metrics.latencies, ([[type, service], histogram]) =>
      renderHistogram('kong_latency', { type, service }, histogram),
    ).flat(),
    ...family('kong_nginx_http_current_connections', 'gauge', 'Number of HTTP connections'),
    ...Object.entries(states).map(([state, count]) =>
      sample('kong_nginx_http_current_connections', { state }, count),
    ),
    ...family('kong_nginx_metric_errors_total', 'counter', 'Number of nginx-lua-prometheus errors'),
    sample('kong_nginx_metric_errors_total', {}, 0),
    '',
  ].join('\n')
}

function family(name: string, type: string, help: string): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

/** Bounds are written with leading zeros, so that they sort as text. */
function renderHistogram(
  name: string,
  labels: Readonly<Record<string, string>>,
  { counts, sum }: Histogram,
): readonly string[] {
  let total = 0
  const buckets = counts.map((count, index) => {
    total += count
    const bound = latencyBuckets[index]
    const le = bound === undefined ? '+Inf' : bound.toFixed(1).padStart(7, '0')
    return sample(`${name}_bucket`, { ...labels, le }, total)
  })
  return [...buckets, sample(`${name}_count`, labels, total), sample(`${name}_sum`, labels, sum)]
}

function sample(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const written = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`)
  return `${name}${written.length === 0 ? '' : `{${written.join(',')}}`} ${value}`
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
