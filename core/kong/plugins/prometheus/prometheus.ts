import { logFilter } from '#core/kong/plugins/log-record/log-filter.ts'
import { logPluginRules } from '#core/kong/plugins/log-record/log-plugin-rules.ts'
import type { NodeHost } from '#core/kong/plugins/plugin-host.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import { Metrics } from './metrics.ts'
import { renderMetrics } from './render-metrics.ts'

/** Counts requests for `GET /metrics` of the Admin API. Kong 1.1, "Prometheus" (plugin version 0.3.4). */
export const prometheus = definePlugin({
  ...logPluginRules,
  name: 'prometheus',
  priority: 13,
  version: '0.3.4',
  config: { fields: {} },
  openHttp: (_config, host) => {
    const metrics = metricsOf(host)
    return logFilter(host, (record) => metrics.observe(record))
  },
  adminEndpoints: (host) => [
    {
      path: '/metrics',
      handlers: {
        GET: async () => ({
          status: 200,
          headers: { 'content-type': 'text/plain; charset=UTF-8' },
          body: renderMetrics(metricsOf(host), {
            reachable: await host.reachable(),
            connections: host.counts(),
          }),
        }),
      },
    },
  ],
})

function metricsOf(host: NodeHost): Metrics {
  return host.keep('prometheus', () => new Metrics())
}
