import { describe, expect, it } from 'vitest'
import type { Route } from '#core/kong/entities/route.ts'
import type { Service } from '#core/kong/entities/service.ts'
import { bob } from '#core/kong/plugins/authentication/consumer-samples.ts'
import {
  sampleExchange,
  type SampleOptions,
  type SampleUpstream,
} from '#core/kong/plugins/exchange-sample.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import { sampleHost } from './host-sample.ts'
import { logFilter } from './log-filter.ts'
import type { LogRecord } from './log-record.ts'
import { httpRoute, route, service } from './routed-samples.ts'

async function recordOf(
  options: SampleOptions = {},
  { upstream, before = [] }: { upstream?: SampleUpstream; before?: readonly HttpFilter[] } = {},
): Promise<LogRecord> {
  const host = sampleHost({
    entities: { services: [service], routes: [route], consumers: [bob] },
  })
  const records: LogRecord[] = []
  const filter = logFilter(host, (record) => records.push(record))
  await sampleExchange({ route: httpRoute, ...options }).pass([...before, filter], upstream)
  const [record] = records
  if (record === undefined || records.length > 1) throw new Error(`${records.length} records`)
  return record
}

describe('logRecordOf', () => {
  it('tells all of a proxied exchange', async () => {
    const record = await recordOf(
      {
        method: 'POST',
        target: '/a%20b?x=1&x=2&y',
        headers: { Host: 'Example.TEST:8000', 'X-Two': ['1', '2'] },
        body: 'hello',
        client: { address: '192.0.2.7', port: 4711 },
        encrypted: true,
        destination: { address: '127.0.0.1', port: 8443 },
        principal: { id: bob.id, credentialId: 'c1' },
        attempts: [
          {
            address: { address: '127.0.0.2', port: 81 },
            startedAt: 1000.4,
            durationMs: 2.6,
            outcome: 'next',
            code: 502,
          },
          {
            address: { address: '127.0.0.3', port: 82 },
            startedAt: 1003,
            durationMs: 0,
            outcome: 'connected',
          },
        ],
        timing: { startedAt: 999.6, proxyMs: 1.4, upstreamMs: 2.5, totalMs: 9 },
      },
      {
        upstream: { status: 201, headers: { 'X-A': '1', 'Set-Cookie': ['a', 'b'] }, body: ['hi'] },
      },
    )
    const typed: { readonly route: Route; readonly service: Service } = { route, service }
    expect(record).toEqual({
      request: {
        uri: '/a%20b?x=1&x=2&y',
        url: 'https://example.test:8443/a%20b?x=1&x=2&y',
        querystring: { x: ['1', '2'], y: true },
        method: 'POST',
        headers: {
          host: 'Example.TEST:8000',
          'x-two': ['1', '2'],
          'content-length': '5',
        },
        size: `${'POST /a%20b?x=1&x=2&y HTTP/1.1\r\nHost: Example.TEST:8000\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Length: 5\r\n\r\nhello'.length}`,
      },
      upstream_uri: '/a%20b?x=1&x=2&y',
      response: {
        status: 201,
        headers: { 'x-a': '1', 'set-cookie': ['a', 'b'] },
        size: `${'HTTP/1.1 201 \r\nX-A: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nhi'.length}`,
      },
      tries: [
        {
          balancer_start: 1000,
          balancer_latency: 3,
          ip: '127.0.0.2',
          port: 81,
          state: 'next',
          code: 502,
        },
        { balancer_start: 1003, balancer_latency: 0, ip: '127.0.0.3', port: 82 },
      ],
      latencies: { kong: 1, proxy: 3, request: 9 },
      authenticated_entity: { id: 'c1', consumer_id: bob.id },
      ...typed,
      consumer: bob,
      client_ip: '192.0.2.7',
      started_at: 1000,
    })
  })

  it('case 210: tells of an answer that another plugin gave in place of the upstream', async () => {
    const refusing: HttpFilter = {
      access: (exchange) =>
        exchange.answer({ status: 401, headers: [['WWW-Authenticate', 'Key']] }),
      responseHead: ({ response }) => response?.headers.set('X-Marked', 'yes'),
    }
    const record = await recordOf(
      { target: '/p?q', timing: { upstreamMs: undefined } },
      { before: [refusing] },
    )
    expect(record.response).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Key', 'x-marked': 'yes' },
    })
    expect(record.tries).toEqual([])
    expect(record.latencies.proxy).toBe(-1)
    expect(record.upstream_uri).toBe('/p')
    expect(record.service).toBe(service)
    expect(record).not.toHaveProperty('authenticated_entity')
    expect(record).not.toHaveProperty('consumer')
  })

  it.for([502, 503, 504])(
    'case 211: tells of the %i that the proxy itself gave',
    async (status) => {
      const attempts = [
        {
          address: { address: '127.0.0.2', port: 81 },
          startedAt: 1,
          durationMs: 1,
          outcome: 'failed',
          code: 502,
        },
      ] as const
      const record = await recordOf(
        { attempts: status === 503 ? [] : attempts, timing: { upstreamMs: undefined } },
        { upstream: { status, source: 'proxy' } },
      )
      expect(record.response.status).toBe(status)
      expect(record.tries?.map(({ state, code }) => `${state} ${code}`)).toEqual(
        status === 503 ? [] : ['failed 502'],
      )
      expect(record.service).toBe(service)
    },
  )

  it.for([404, 414, 494])(
    'case 211: tells of a %i, for which there is no route',
    async (status) => {
      const host = sampleHost({ entities: { services: [service], routes: [route] } })
      const records: LogRecord[] = []
      const filter = logFilter(host, (record) => records.push(record))
      // What was received is not enough to ask for a route: rewrite and access never run.
      await sampleExchange().pass([filter], { status, source: 'proxy' })
      expect(records).toHaveLength(1)
      expect(records[0]?.response.status).toBe(status)
      for (const absent of ['route', 'service', 'tries'])
        expect(records[0]).not.toHaveProperty(absent)
      expect(records[0]?.upstream_uri).toBe('')
    },
  )

  it.for([
    [{ headers: { Host: '' } }, 'http://kong:8000/'],
    [{ headers: { Host: '[::1]:8000' } }, 'http://[::1]:8000/'],
  ] as const)('names the host of %j: %s', async ([options, url]) => {
    expect((await recordOf(options)).request.url).toBe(url)
  })

  it('reads bytes as UTF-8 where they are', async () => {
    const wire = Buffer.from('/é?é=1').toString('latin1')
    const { request } = await recordOf({ target: wire, headers: { 'X-A': wire, 'X-B': '\xe9' } })
    expect(request.uri).toBe('/é?é=1')
    expect(request.querystring).toEqual({ é: '1' })
    expect(request.headers).toMatchObject({ 'x-a': '/é?é=1', 'x-b': '\xe9' })
  })

  it('takes hostile names for data', async () => {
    const { request } = await recordOf({ target: '/?__proto__=1&toString=2' })
    expect(JSON.stringify(request.querystring)).toBe('{"__proto__":"1","toString":"2"}')
  })
})
