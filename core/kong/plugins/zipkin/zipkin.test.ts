import { describe, expect, it } from 'vitest'
import { bob } from '#core/kong/plugins/authentication/consumer-samples.ts'
import {
  pluginEntityFaults,
  sampleConfig,
  samplePluginEntity,
} from '#core/kong/plugins/config-sample.ts'
import {
  sampleExchange,
  type SampleExchange,
  type SampleOptions,
  type SampleUpstream,
} from '#core/kong/plugins/exchange-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { loggingHost } from '#core/kong/plugins/log-record/logged.ts'
import { openHttpReceiver, unusedPort } from '#core/kong/plugins/log-record/receivers.ts'
import { httpRoute, route, service } from '#core/kong/plugins/log-record/routed-samples.ts'
import type { Span } from './spans.ts'
import { zipkin } from './zipkin.ts'

const traceId = '0123456789abcdef0123456789abcdef'
const spanId = 'fedcba9876543210'

/** The spans that a server is sent for one exchange. */
async function trace(
  options: SampleOptions,
  { config = {}, upstream }: { config?: object; upstream?: SampleUpstream } = {},
): Promise<{ readonly exchange: SampleExchange; readonly spans: readonly Span[] }> {
  await using receiver = await openHttpReceiver()
  await using host = loggingHost()
  const http_endpoint = `http://127.0.0.1:${receiver.port}/api/v2/spans`
  const filter = sampleFilter(zipkin, { http_endpoint, sample_ratio: 1, ...config }, host)
  const exchange = sampleExchange({ route: httpRoute, ...options })
  await exchange.pass([filter], upstream)
  await host[Symbol.asyncDispose]()
  expect(host.lines.filter((line) => line.startsWith('error'))).toEqual([])
  for (const { url, method, headers } of receiver.requests) {
    expect(`${method} ${url} ${headers['content-type']}`).toBe(
      'POST /api/v2/spans application/json',
    )
  }
  return { exchange, spans: receiver.received.flatMap((body) => JSON.parse(body)) }
}

function b3({ request: { headers } }: SampleExchange): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => /^x-b3-/i.test(name)))
}

describe('zipkin', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    const http_endpoint = 'http://zipkin.test/api/v2/spans'
    expect(sampleConfig(zipkin, { http_endpoint })).toEqual({
      http_endpoint,
      sample_ratio: 0.001,
      include_credential: true,
    })
    expect(zipkin.priority).toBe(100_000)
    expect(samplePluginEntity(zipkin)).toMatchObject({ run_on: 'all' })
    expect(pluginEntityFaults(zipkin, { config: { sample_ratio: 2 } })).toEqual({
      config: {
        http_endpoint: 'required field missing',
        sample_ratio: 'value should be between 0 and 1',
      },
    })
  })

  it('describes the request, the proxy and each attempt', async () => {
    const { exchange, spans } = await trace(
      {
        method: 'POST',
        target: '/p?q',
        client: { address: '::1', port: 4711 },
        principal: { id: bob.id, credentialId: 'c1' },
        timing: { startedAt: Date.now() - 10 },
        attempts: [
          {
            address: { address: '127.0.0.2', port: 81 },
            startedAt: 5,
            durationMs: 2,
            outcome: 'failed',
            code: 504,
          },
          {
            address: { address: '127.0.0.3', port: 82 },
            startedAt: 8,
            durationMs: 1,
            outcome: 'connected',
          },
        ],
      },
      { upstream: { status: 201 } },
    )
    const [first, second, proxy, whole] = spans
    expect(spans).toHaveLength(4)
    const name = 'POST http://example.test:8000/p'
    expect(whole).toMatchObject({
      name,
      kind: 'SERVER',
      localEndpoint: null,
      remoteEndpoint: { ipv6: '::1', port: 4711 },
      tags: {
        component: 'kong',
        'http.method': 'POST',
        'http.path': 'http://example.test:8000/p',
        'http.status_code': '201',
        'kong.consumer': bob.id,
        'kong.credential': 'c1',
        'kong.node.id': '6b1d0e3c-0000-4000-8000-000000000001',
      },
    })
    expect(whole).not.toHaveProperty('parentId')
    expect(whole?.duration).toBeGreaterThanOrEqual(10_000)
    expect(Number.isInteger(whole?.timestamp)).toBe(true)
    expect(proxy).toMatchObject({
      parentId: whole?.id,
      traceId: whole?.traceId,
      name: `${name} (proxy)`,
      kind: 'CLIENT',
      localEndpoint: { serviceName: 'some.service' },
      remoteEndpoint: { ipv4: '127.0.0.3', port: 82 },
      tags: { 'kong.service': service.id, 'kong.route': route.id, 'peer.hostname': 'service.test' },
    })
    expect(proxy?.annotations.map(({ value }) => value)).toEqual([
      'kong.access.start',
      'kong.access.finish',
      'kong.header_filter.start',
      'kong.header_filter.finish',
      'kong.body_filter.start',
      'kong.body_filter.finish',
    ])
    expect(first).toMatchObject({
      parentId: whole?.id,
      name: `${name} (balancer try 1)`,
      timestamp: 5000,
      duration: 2000,
      remoteEndpoint: { ipv4: '127.0.0.2', port: 81 },
      tags: {
        'kong.balancer.try': '1',
        error: 'true',
        'kong.balancer.state': 'failed',
        'http.status_code': '504',
      },
    })
    expect(second?.tags).toEqual({ 'kong.balancer.try': '2', error: 'false' })
    expect(b3(exchange)).toEqual({
      'x-b3-traceid': whole?.traceId,
      'x-b3-parentspanid': whole?.id,
      'x-b3-spanid': proxy?.id,
      'x-b3-sampled': '1',
    })
    expect(whole?.traceId).toMatch(/^[\da-f]{32}$/)
  })

  it("goes on with the caller's trace", async () => {
    const headers = { 'X-B3-TraceId': traceId, 'X-B3-SpanId': spanId, 'X-B3-Sampled': '1' }
    const { exchange, spans } = await trace({ headers }, { config: { sample_ratio: 0 } })
    const whole = spans.at(-1)
    expect(whole).toMatchObject({ traceId, parentId: spanId })
    expect(b3(exchange)).toMatchObject({ 'x-b3-traceid': traceId, 'x-b3-parentspanid': whole?.id })
  })

  it.for([
    ['0', undefined, 1, false, '0'],
    ['false', undefined, 1, false, '0'],
    ['true', undefined, 0, true, '1'],
    [undefined, '1', 0, true, undefined],
    ['0', '1', 0, true, undefined],
    [undefined, undefined, 0, false, '0'],
    ['maybe', undefined, 1, true, '1'],
  ] as const)(
    'with sampled %s, flags %s and ratio %s reports: %s',
    async ([sampled, flags, ratio, reported, passedOn]) => {
      const headers = {
        ...(sampled !== undefined && { 'X-B3-Sampled': sampled }),
        ...(flags !== undefined && { 'X-B3-Flags': flags }),
      }
      const { exchange, spans } = await trace({ headers }, { config: { sample_ratio: ratio } })
      expect(spans.length > 0).toBe(reported)
      expect(exchange.request.headers.get('x-b3-sampled')).toBe(passedOn)
      expect(exchange.request.headers.get('x-b3-flags')).toBe(flags)
    },
  )

  it('begins a new trace when the one of the caller is not well formed', async () => {
    const headers = { 'X-B3-TraceId': 'xyz', 'X-B3-SpanId': spanId, 'X-B3-Sampled': '1' }
    const { spans } = await trace({ headers })
    expect(spans.at(-1)).not.toHaveProperty('parentId')
    expect(spans.at(-1)?.traceId).toMatch(/^[\da-f]{32}$/)
  })

  it('reports a request that no route took', async () => {
    await using receiver = await openHttpReceiver()
    await using host = loggingHost()
    const http_endpoint = `http://127.0.0.1:${receiver.port}/`
    const filter = sampleFilter(zipkin, { http_endpoint, sample_ratio: 1 }, host)
    const exchange = sampleExchange({ target: '/none' })
    await filter.rewrite?.(exchange)
    await exchange.pass([{ ...filter, access: () => undefined }], { status: 404, source: 'proxy' })
    await expect.poll(() => receiver.received).toHaveLength(1)
    const [proxy, whole]: Span[] = JSON.parse(receiver.received[0] ?? '')
    expect(proxy?.tags).toEqual({})
    expect(proxy?.remoteEndpoint).toBeNull()
    expect(whole?.tags['http.status_code']).toBe('404')
    expect(whole?.annotations.map(({ value }) => value)).toEqual([
      'kong.rewrite.start',
      'kong.rewrite.finish',
    ])
  })

  it('names no credential if told so', async () => {
    const options = { principal: { id: bob.id, credentialId: 'c1' } }
    const { spans } = await trace(options, { config: { include_credential: false } })
    expect(spans.at(-1)?.tags).not.toHaveProperty('kong.credential')
    expect(spans.at(-1)?.tags['kong.consumer']).toBe(bob.id)
  })

  it('says when nobody takes its spans', async () => {
    const host = loggingHost()
    const http_endpoint = `http://127.0.0.1:${await unusedPort()}/`
    const filter = sampleFilter(zipkin, { http_endpoint, sample_ratio: 1 }, host)
    await sampleExchange({ route: httpRoute }).pass([filter])
    await host[Symbol.asyncDispose]()
    expect(host.lines.join()).toMatch(/\[zipkin\] dropped 1 record.*connection refused/)
  })
})
