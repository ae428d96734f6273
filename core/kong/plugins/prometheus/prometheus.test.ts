import { describe, expect, it } from 'vitest'
import { sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleExchange } from '#core/kong/plugins/exchange-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { sampleHost, type SampleHostOptions } from '#core/kong/plugins/log-record/host-sample.ts'
import { httpRoute, route, service } from '#core/kong/plugins/log-record/routed-samples.ts'
import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import { latencyBuckets } from './metrics.ts'
import { parseExposition } from './parse-exposition.ts'
import { prometheus } from './prometheus.ts'

function open(options: SampleHostOptions = {}): { host: PluginHost; filter: HttpFilter } {
  const host = sampleHost({ entities: { services: [service], routes: [route] }, ...options })
  return { host, filter: sampleFilter(prometheus, {}, host) }
}

async function scrape(host: PluginHost): Promise<string> {
  const [endpoint] = prometheus.adminEndpoints?.(host) ?? []
  expect(endpoint?.path).toBe('/metrics')
  const reply = await endpoint?.handlers.GET?.({
    parameters: {},
    query: new Map(),
    body: { kind: 'none' },
  })
  expect(reply?.status).toBe(200)
  expect(reply?.headers).toEqual({ 'content-type': 'text/plain; charset=UTF-8' })
  return String(reply?.body)
}

const request = 'GET / HTTP/1.1\r\nHost: example.test\r\n\r\n'
const answer = 'HTTP/1.1 200 \r\n\r\n'

describe('prometheus', () => {
  it('has the settings and place of Kong 1.1', () => {
    expect(sampleConfig(prometheus)).toEqual({})
    expect(prometheus.priority).toBe(13)
    expect(prometheus.runOn).toEqual(['first', 'second', 'all'])
  })

  it('tells of the node before the first request', async () => {
    const { host } = open({ counts: { accepted: 8, active: 3, requests: 20 } })
    const families = parseExposition(await scrape(host))
    expect(Object.fromEntries(families.map(({ name, type }) => [name, type]))).toEqual({
      kong_bandwidth: 'counter',
      kong_datastore_reachable: 'gauge',
      kong_http_status: 'counter',
      kong_latency: 'histogram',
      kong_nginx_http_current_connections: 'gauge',
      kong_nginx_metric_errors_total: 'counter',
    })
    const text = await scrape(host)
    expect(text).toContain('\nkong_datastore_reachable 1\n')
    expect(text).toContain('kong_nginx_http_current_connections{state="accepted"} 8\n')
    expect(text).toContain('kong_nginx_http_current_connections{state="active"} 3\n')
    expect(text).toContain('kong_nginx_http_current_connections{state="handled"} 8\n')
    expect(text).toContain('kong_nginx_http_current_connections{state="total"} 20\n')
    expect(text).toContain('\nkong_nginx_metric_errors_total 0\n')
  })

  it('says that the store cannot be reached', async () => {
    expect(await scrape(open({ reachable: false }).host)).toContain('kong_datastore_reachable 0\n')
  })

  it('counts requests by service and status, their bytes and their time', async () => {
    const { host, filter } = open()
    const timing = { proxyMs: 1, upstreamMs: 250, totalMs: 70_000 }
    for (const status of [200, 200, 503]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await sampleExchange({ route: httpRoute, timing }).pass([filter], { status })
    }
    const text = await scrape(host)
    for (const line of [
      'kong_http_status{code="200",service="some.service"} 2',
      'kong_http_status{code="503",service="some.service"} 1',
      `kong_bandwidth{type="ingress",service="some.service"} ${3 * request.length}`,
      `kong_bandwidth{type="egress",service="some.service"} ${3 * answer.length}`,
      'kong_latency_bucket{type="kong",service="some.service",le="00001.0"} 3',
      'kong_latency_bucket{type="upstream",service="some.service",le="00200.0"} 0',
      'kong_latency_bucket{type="upstream",service="some.service",le="00300.0"} 3',
      'kong_latency_bucket{type="request",service="some.service",le="60000.0"} 0',
      'kong_latency_bucket{type="request",service="some.service",le="+Inf"} 3',
      'kong_latency_count{type="request",service="some.service"} 3',
      'kong_latency_sum{type="request",service="some.service"} 210000',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
    const latency = parseExposition(text).find(({ name }) => name === 'kong_latency')
    expect(latency?.samples).toHaveLength(3 * (latencyBuckets.length + 3))
  })

  it('counts on when its settings change', async () => {
    const { host, filter } = open()
    await sampleExchange({ route: httpRoute }).pass([filter])
    await sampleExchange({ route: httpRoute }).pass([sampleFilter(prometheus, {}, host)])
    expect(await scrape(host)).toContain('kong_http_status{code="200",service="some.service"} 2\n')
  })

  it('leaves out what the upstream took when it was not asked', async () => {
    const { host, filter } = open()
    const timing = { upstreamMs: undefined }
    await sampleExchange({ route: httpRoute, timing }).pass([filter], { status: 502 })
    const text = await scrape(host)
    expect(text).not.toContain('type="upstream"')
    expect(text).toContain('type="request"')
  })

  it('counts nothing without a service', async () => {
    const { host, filter } = open()
    await sampleExchange().pass([filter], { status: 404 })
    expect(await scrape(host)).toBe(await scrape(open().host))
  })

  it('writes hostile names so that they stay names', async () => {
    const hostile = { ...service, name: 'a"b\\c\nd' }
    const { host, filter } = open({ entities: { services: [hostile], routes: [route] } })
    await sampleExchange({ route: httpRoute }).pass([filter])
    const status = parseExposition(await scrape(host)).find(
      ({ name }) => name === 'kong_http_status',
    )
    expect(status?.samples[0]?.labels).toEqual({ code: '200', service: 'a"b\\c\nd' })
  })
})

describe('parseExposition', () => {
  it.for([
    ['kong_a 1\n', 'no family'],
    ['# TYPE kong_a counter\nkong_a 1\n', 'HELP'],
    ['# HELP kong_a x\n# TYPE kong_a counter\nkong_a one\n', 'line'],
    ['# HELP kong_a x\n# TYPE kong_a counter\nkong_a{b="c"d"} 1\n', 'line'],
    ['# HELP kong_a x\n# TYPE kong_a counter\nkong_a 1\nkong_a 2\n', 'twice'],
    ['# HELP kong_a x\n# TYPE kong_a counter\nkong_a 1', 'end'],
    [
      '# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n',
      'fewer',
    ],
    ['# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 2\na_count 2\na_sum 1\n', 'Inf'],
  ])('refuses %j', ([text, reason]) => {
    expect(() => parseExposition(text ?? '')).toThrow(reason)
  })
})
