import { describe, expect, it } from 'vitest'
import { bob } from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleExchange, type SampleOptions } from '#core/kong/plugins/exchange-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { sampleHost } from '#core/kong/plugins/log-record/host-sample.ts'
import { openUdpReceiver } from '#core/kong/plugins/log-record/receivers.ts'
import { httpRoute, route, service } from '#core/kong/plugins/log-record/routed-samples.ts'
import { statsd } from './statsd.ts'

type Config = Readonly<Record<string, unknown>>

/** Datagrams for one exchange, followed by a mark, so that there is an end to wait for. */
async function datagrams(
  config: Config = {},
  options: SampleOptions = { route: httpRoute },
): Promise<readonly string[]> {
  await using receiver = await openUdpReceiver()
  await using host = sampleHost({
    entities: { services: [service], routes: [route], consumers: [bob] },
  })
  const to = { host: '127.0.0.1', port: receiver.port }
  const mark = { ...to, prefix: 'mark', metrics: [{ name: 'latency', stat_type: 'timer' }] }
  await sampleExchange(options).pass([sampleFilter(statsd, { ...config, ...to }, host)])
  await host[Symbol.asyncDispose]()
  await sampleExchange({ route: httpRoute }).pass([sampleFilter(statsd, mark, host)])
  await expect.poll(() => receiver.received.at(-1)).toMatch(/^mark/)
  return receiver.received.slice(0, -1)
}

function metric(name: string, type: string, more: Config = {}): Config {
  return { metrics: [{ name, stat_type: type, ...more }] }
}

const known = { route: httpRoute, principal: { id: bob.id, credentialId: 'c1' } }
const size = 'GET / HTTP/1.1\r\nHost: example.test\r\n\r\n'.length
const answered = 'HTTP/1.1 200 \r\n\r\n'.length

describe('statsd', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    const config = sampleConfig(statsd)
    expect(config).toMatchObject({ host: 'localhost', port: 8125, prefix: 'kong' })
    expect(config.metrics.map(({ name, stat_type: type }) => `${name} ${type}`)).toEqual([
      'request_count counter',
      'latency timer',
      'request_size timer',
      'status_count counter',
      'response_size timer',
      'unique_users set',
      'request_per_user counter',
      'upstream_latency timer',
      'kong_latency timer',
      'status_count_per_user counter',
    ])
    expect(statsd.priority).toBe(11)
    expect(pluginEntityFaults(statsd, {})).toBeUndefined()
  })

  it.for([
    [metric('speed', 'timer'), { name: expect.stringMatching(/^expected one of: kong_latency, /) }],
    [
      metric('latency', 'clock'),
      { stat_type: 'expected one of: counter, gauge, histogram, meter, set, timer' },
    ],
    [metric('latency', 'counter'), { sample_rate: 'required field missing' }],
    [
      metric('latency', 'timer', { sample_rate: 0 }),
      { sample_rate: 'value must be greater than 0' },
    ],
    [
      metric('unique_users', 'timer', { consumer_identifier: 'username' }),
      { stat_type: 'value must be set' },
    ],
    [metric('unique_users', 'set'), { consumer_identifier: 'required field missing' }],
    [metric('status_count', 'set'), { stat_type: 'value must be counter' }],
  ] as const)('refuses %j', ([config, fault]) => {
    expect(pluginEntityFaults(statsd, { config })).toEqual({
      config: { metrics: [expect.objectContaining(fault)] },
    })
  })

  it('sends all metrics of a client that is not known, one datagram each', async () => {
    expect(await datagrams()).toEqual([
      'kong.some_service.request.count:1|c',
      'kong.some_service.latency:3|ms',
      `kong.some_service.request.size:${size}|ms`,
      'kong.some_service.request.status.200:1|c',
      'kong.some_service.request.status.total:1|c',
      `kong.some_service.response.size:${answered}|ms`,
      'kong.some_service.upstream_latency:2|ms',
      'kong.some_service.kong_latency:1|ms',
    ])
  })

  it('counts clients that are known', async () => {
    expect((await datagrams({}, known)).filter((text) => text.includes('.user.'))).toEqual([
      'kong.some_service.user.uniques:bob-1|s',
      'kong.some_service.user.bob-1.request.count:1|c',
      'kong.some_service.user.bob-1.request.status.200:1|c',
      'kong.some_service.user.bob-1.request.status.total:1|c',
    ])
  })

  it.for([
    ['username', 'bob'],
    ['consumer_id', bob.id.replaceAll('-', '_')],
  ] as const)('names consumers by %s', async ([by, name]) => {
    const config = metric('unique_users', 'set', { consumer_identifier: by })
    expect(await datagrams(config, known)).toEqual([`kong.some_service.user.uniques:${name}|s`])
  })

  it.for([
    ['gauge', 'g'],
    ['histogram', 'h'],
    ['meter', 'm'],
    ['set', 's'],
  ] as const)('sends a %s', async ([type, letter]) => {
    const config = { ...metric('latency', type, { sample_rate: 0.5 }), prefix: 'p.q' }
    expect(await datagrams(config)).toEqual([`p.q.some_service.latency:3|${letter}|@0.5`])
  })

  it('leaves out what there is no number for', async () => {
    const timing = { upstreamMs: undefined }
    const options = { route: httpRoute, timing }
    expect(await datagrams(metric('upstream_latency', 'timer'), options)).toEqual([])
    expect(await datagrams({}, {})).toEqual([])
  })
})
