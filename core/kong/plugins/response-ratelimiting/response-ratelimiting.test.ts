import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bob, gist } from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import {
  sampleExchange,
  type SampleExchange,
  type SampleFields,
  type SampleOptions,
  type SampleOutcome,
} from '#core/kong/plugins/exchange-sample.ts'
import { openTestRedis } from '#core/kong/plugins/limits/open-test-redis.ts'
import { type SampleHost, sampleHost } from '#core/kong/plugins/log-record/host-sample.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import { openMemoryStore } from '#core/store/memory-store.ts'
import { responseRatelimiting } from './response-ratelimiting.ts'

// So that no month ends in the middle of a test.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2100, 0) })
})
afterEach(() => {
  vi.useRealTimers()
})

function filterOf(
  config: Readonly<Record<string, unknown>>,
  host: SampleHost = sampleHost(),
): HttpFilter {
  const complete = sampleConfig(responseRatelimiting, { policy: 'local', ...config })
  return responseRatelimiting.openHttp?.(complete, host) ?? {}
}

/** A request whose answer costs so much: `video=2`. */
async function spend(
  filter: HttpFilter,
  cost: string | readonly string[] | undefined,
  options: SampleOptions = {},
): Promise<{ readonly exchange: SampleExchange; readonly outcome: SampleOutcome }> {
  const exchange = sampleExchange(options)
  const headers: SampleFields = {
    'Content-Type': 'video/mp4',
    'Content-Length': '4',
    ...(cost !== undefined && { 'X-Kong-Limit': cost }),
  }
  return { exchange, outcome: await exchange.pass([filter], { headers, body: ['fi', 'lm'] }) }
}

function told({ headers }: SampleOutcome, name: string): readonly (string | undefined)[] {
  return ['Limit', 'Remaining'].map((what) => headers.get(`X-RateLimit-${what}-${name}`))
}

describe('settings of response-ratelimiting', () => {
  it('have the defaults and the place of Kong 1.1', () => {
    expect(sampleConfig(responseRatelimiting, { limits: { video: { year: 10 } } })).toEqual({
      header_name: 'x-kong-limit',
      limit_by: 'consumer',
      policy: 'cluster',
      fault_tolerant: true,
      redis_host: null,
      redis_port: 6379,
      redis_password: null,
      redis_timeout: 2000,
      redis_database: 0,
      block_on_first_violation: false,
      hide_client_headers: false,
      limits: { video: { year: 10 } },
    })
    expect(responseRatelimiting.priority).toBe(900)
    const entity = { config: { limits: { a: { year: 1 } } }, run_on: 'all' }
    expect(pluginEntityFaults(responseRatelimiting, entity)).toEqual({
      run_on: 'expected one of: first, second',
    })
  })

  it.each([
    [{}, 'length must be at least 1'],
    [
      { video: { second: 2, minute: 1 } },
      'the limit for minute(1.0) cannot be lower than the limit for second(2.0)',
    ],
    [{ 'a\r\nb': { year: 1 } }, { 'a\r\nb': 'invalid value: a\r\nb' }],
    [
      { video: {} },
      {
        video: {
          '@entity': [
            "at least one of these fields must be non-empty: 'second', 'minute', 'hour', 'day', 'month', 'year'",
          ],
        },
      },
    ],
    [{ video: { second: 'x' } }, { video: { second: 'expected a number' } }],
  ])('refuse the limits %j', (limits, fault) => {
    expect(pluginEntityFaults(responseRatelimiting, { config: { limits } })).toEqual({
      config: { limits: fault },
    })
  })
})

describe('response-ratelimiting', () => {
  const limits = { video: { month: 10, year: 20 }, image: { year: 5 } }

  it('counts what the upstream says, and tells the client what remains', async () => {
    const filter = filterOf({ limits })
    const { outcome } = await spend(filter, 'video=2, image=1')
    expect(outcome.status).toBe(200)
    expect(outcome.body.toString()).toBe('film')
    expect(told(outcome, 'video-month')).toEqual(['10', '8'])
    expect(told(outcome, 'video-year')).toEqual(['20', '18'])
    expect(told(outcome, 'image-year')).toEqual(['5', '4'])
    const next = await spend(filter, ['video=1', 'image=1'])
    expect(told(next.outcome, 'video-month')).toEqual(['10', '7'])
    expect(told(next.outcome, 'image-year')).toEqual(['5', '3'])
  })

  it('keeps what the upstream says from the client', async () => {
    const { outcome } = await spend(filterOf({ limits }), 'video=2')
    expect(outcome.headers.has('X-Kong-Limit')).toBe(false)
    expect(outcome.headers.get('Content-Type')).toBe('video/mp4')
  })

  it('tells the upstream the least that remains of each limit', async () => {
    const filter = filterOf({ limits })
    await spend(filter, 'video=2')
    const { exchange } = await spend(filter, undefined)
    expect(exchange.request.headers.get('X-RateLimit-Remaining-video')).toBe('8')
    expect(exchange.request.headers.get('X-RateLimit-Remaining-image')).toBe('5')
  })

  it('withholds an answer that costs what is used up; that counts nowhere', async () => {
    const filter = filterOf({ limits })
    await spend(filter, 'image=5')
    const { outcome } = await spend(filter, 'image=1, video=3')
    expect(outcome.status).toBe(429)
    expect(outcome.body).toHaveLength(0)
    expect(outcome.headers.has('Content-Type')).toBe(false)
    expect(told(outcome, 'image-year')).toEqual(['5', '0'])
    expect(told(outcome, 'video-month')).toEqual(['10', '10'])
    const cheaper = await spend(filter, 'video=1')
    expect(cheaper.outcome.status).toBe(200)
    expect(told(cheaper.outcome, 'video-month')).toEqual(['10', '9'])
  })

  it('blocks requests before they reach the upstream when told to', async () => {
    const filter = filterOf({ limits, block_on_first_violation: true })
    await spend(filter, 'image=7')
    const { exchange, outcome } = await spend(filter, 'video=1')
    expect(gist(outcome)).toBe("429 API rate limit exceeded for 'image'")
    expect(exchange.answered).toBe(true)
    expect(told(outcome, 'image-year')).toEqual([undefined, undefined])
  })

  it('says nothing of limits when told to hide them', async () => {
    const { outcome } = await spend(filterOf({ limits, hide_client_headers: true }), 'video=1')
    expect(told(outcome, 'video-year')).toEqual([undefined, undefined])
    expect(outcome.headers.has('X-Kong-Limit')).toBe(false)
  })

  it('looks for the cost in the header it is told to look in', async () => {
    const filter = filterOf({ limits, header_name: 'X-Cost' })
    const exchange = sampleExchange()
    const outcome = await exchange.pass([filter], { headers: { 'x-cost': 'video=4' } })
    expect(told(outcome, 'video-month')).toEqual(['10', '6'])
  })

  it('counts each client by itself', async () => {
    const filter = filterOf({ limits })
    await spend(filter, 'video=2', { principal: { id: bob.id, credentialId: 'c' } })
    const { outcome } = await spend(filter, 'video=2')
    expect(told(outcome, 'video-month')).toEqual(['10', '8'])
  })

  it('passes without headers while counters are broken, or fails if told to', async () => {
    const host = sampleHost()
    const cluster = { limits, policy: 'cluster' }
    const { outcome } = await spend(filterOf(cluster, host), 'video=1')
    expect(outcome.status).toBe(200)
    expect(told(outcome, 'video-year')).toEqual([undefined, undefined])
    expect(host.lines).toEqual(['error: failed to get usage: a sample has no counters'])
    const strict = await spend(filterOf({ ...cluster, fault_tolerant: false }, host), 'video=1')
    expect(gist(strict.outcome)).toBe('500 An unexpected error occurred')
  })

  it('shares its counters with other nodes through the store', async () => {
    const { counters } = openMemoryStore()
    const [one = {}, other = {}] = [1, 2].map(() =>
      filterOf({ limits, policy: 'cluster' }, Object.assign(sampleHost(), { counters })),
    )
    await spend(one, 'video=4')
    await expect
      .poll(async () => told((await spend(other, undefined)).outcome, 'video-month'))
      .toEqual(['10', '6'])
  })

  it('shares its counters with other nodes through Redis', async () => {
    await using redis = await openTestRedis()
    await using host = sampleHost()
    await using otherHost = sampleHost()
    const config = {
      limits,
      policy: 'redis',
      redis_host: '127.0.0.1',
      redis_port: redis.port,
    }
    await spend(filterOf(config, host), 'video=4')
    const other = filterOf(config, otherHost)
    await expect
      .poll(async () => told((await spend(other, undefined)).outcome, 'video-month'))
      .toEqual(['10', '6'])
  })
})
