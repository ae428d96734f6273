import { afterEach, describe, expect, it, vi } from 'vitest'
import { bob, gist, request } from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleExchange, type SampleOptions } from '#core/kong/plugins/exchange-sample.ts'
import { openTestRedis } from '#core/kong/plugins/limits/open-test-redis.ts'
import { type SampleHost, sampleHost } from '#core/kong/plugins/log-record/host-sample.ts'
import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import type { HeaderList } from '#core/model/header-list.ts'
import { openMemoryStore } from '#core/store/memory-store.ts'
import { rateLimiting } from './rate-limiting.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** Keeps the clock of this process still, at the start of a year. */
function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2100, 0) })
}

type Bound = Partial<Pick<PluginHost, 'routeId' | 'serviceId' | 'consumerId'>>

function filterOf(
  config: Readonly<Record<string, unknown>>,
  host: SampleHost = sampleHost(),
  bound: Bound = {},
): HttpFilter {
  const pluginHost = Object.assign(Object.create(host), bound)
  return rateLimiting.openHttp?.(sampleConfig(rateLimiting, config), pluginHost) ?? {}
}

/** What a client is told of its limits: `minute 1/6`. */
function limitsIn(headers: HeaderList): string {
  const told = [...headers].flatMap(([name, value]) => {
    const [, period] = /^X-RateLimit-Limit-(.+)$/.exec(name) ?? []
    if (period === undefined) return []
    return [`${period} ${headers.get(`X-RateLimit-Remaining-${period}`)}/${value}`]
  })
  return told.join(' ')
}

async function ask(filter: HttpFilter, options: SampleOptions = {}): Promise<string> {
  const { outcome } = await request(filter, options)
  return `${gist(outcome)} ${limitsIn(outcome.headers)}`.trim()
}

async function askTimes(times: number, filter: HttpFilter, options?: SampleOptions) {
  const answers: string[] = []
  for (let count = 0; count < times; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    answers.push(await ask(filter, options))
  }
  return answers
}

/** What remains of nine after each of these requests: `876`. */
async function remaining(limit_by: string, ...asked: readonly SampleOptions[]): Promise<string> {
  const filter = filterOf({ ...local, minute: 9, limit_by })
  const answers: string[] = []
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (const options of asked) answers.push(await ask(filter, options))
  return answers.map((answer) => /(\d)\/9$/.exec(answer)?.[1]).join('')
}

const local = { policy: 'local' }
const blocked = '429 API rate limit exceeded'

describe('settings of rate-limiting', () => {
  it('have the defaults and the place of Kong 1.1', () => {
    expect(sampleConfig(rateLimiting, { second: 10 })).toEqual({
      second: 10,
      minute: null,
      hour: null,
      day: null,
      month: null,
      year: null,
      limit_by: 'consumer',
      policy: 'cluster',
      fault_tolerant: true,
      redis_host: null,
      redis_port: 6379,
      redis_password: null,
      redis_timeout: 2000,
      redis_database: 0,
      hide_client_headers: false,
    })
    expect(rateLimiting.priority).toBe(901)
  })

  it('case 220: need a limit', () => {
    expect(pluginEntityFaults(rateLimiting, { config: {} })).toEqual({
      '@entity': [
        "at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', 'config.day', 'config.month', 'config.year'",
      ],
    })
    expect(pluginEntityFaults(rateLimiting, { config: { second: 10 } })).toBeUndefined()
  })

  it('case 221: cannot allow less in a longer period', () => {
    expect(pluginEntityFaults(rateLimiting, { config: { second: 20, hour: 10 } })).toEqual({
      config: 'The limit for hour(10.0) cannot be lower than the limit for second(20.0)',
    })
    expect(pluginEntityFaults(rateLimiting, { config: { minute: 10, year: 9.5 } })).toEqual({
      config: 'The limit for year(9.5) cannot be lower than the limit for minute(10.0)',
    })
    expect(pluginEntityFaults(rateLimiting, { config: { second: 10, hour: 10 } })).toBeUndefined()
  })

  it('are positive limits, known words, and a host for Redis', () => {
    const wrong = { second: 0, minute: 'x', limit_by: 'name', policy: 'x', redis_host: 'a:1' }
    expect(pluginEntityFaults(rateLimiting, { config: wrong })).toEqual({
      config: {
        second: 'value must be greater than 0',
        minute: 'expected a number',
        limit_by: 'expected one of: consumer, credential, ip',
        policy: 'expected one of: local, cluster, redis',
        redis_host: 'must not have a port',
      },
    })
    expect(pluginEntityFaults(rateLimiting, { config: { second: 1, policy: 'redis' } })).toEqual({
      config: { redis_host: 'required field missing' },
      '@entity': ["failed conditional validation given value of field 'config.policy'"],
    })
  })

  it('run on the first or the second node, for a consumer too', () => {
    const config = { second: 1 }
    const bound = { config, run_on: 'second', consumer: { id: bob.id } }
    expect(pluginEntityFaults(rateLimiting, bound)).toBeUndefined()
    expect(pluginEntityFaults(rateLimiting, { config, run_on: 'all' })).toEqual({
      run_on: 'expected one of: first, second',
    })
  })
})

describe('rate-limiting', () => {
  it('lets as many pass as are allowed, and tells how many remain', async () => {
    stopClock()
    expect(await askTimes(4, filterOf({ ...local, minute: 3 }))).toEqual([
      '200 minute 2/3',
      '200 minute 1/3',
      '200 minute 0/3',
      `${blocked} minute 0/3`,
    ])
  })

  it('case 214: handles several limits; what is blocked counts nowhere', async () => {
    stopClock()
    const filter = filterOf({ ...local, minute: 3, hour: 5 })
    expect(await askTimes(5, filter)).toEqual([
      '200 minute 2/3 hour 4/5',
      '200 minute 1/3 hour 3/5',
      '200 minute 0/3 hour 2/5',
      `${blocked} minute 0/3 hour 2/5`,
      `${blocked} minute 0/3 hour 2/5`,
    ])
    vi.setSystemTime(Date.now() + 60_000)
    expect(await askTimes(3, filter)).toEqual([
      '200 minute 2/3 hour 1/5',
      '200 minute 1/3 hour 0/5',
      `${blocked} minute 1/3 hour 0/5`,
    ])
  })

  it('begins anew with each window of the calendar', async () => {
    stopClock()
    const filter = filterOf({ ...local, second: 1 })
    vi.setSystemTime(Date.now() + 999)
    expect(await askTimes(2, filter)).toEqual(['200 second 0/1', `${blocked} second 0/1`])
    vi.setSystemTime(Date.now() + 1)
    expect(await ask(filter)).toBe('200 second 0/1')
  })

  it('lets exactly as many of a burst pass as are allowed', async () => {
    stopClock()
    const filter = filterOf({ ...local, minute: 10 })
    const burst = await Promise.all(Array.from({ length: 100 }, () => ask(filter)))
    expect(burst.filter((answer) => answer.startsWith('200'))).toHaveLength(10)
  })

  it('case 213: counts against one service, whatever the route', async () => {
    stopClock()
    const host = sampleHost()
    const filter = filterOf({ ...local, minute: 6 }, host, { serviceId: 's' })
    expect((await askTimes(3, filter, { target: '/one' })).at(-1)).toBe('200 minute 3/6')
    expect((await askTimes(3, filter, { target: '/two' })).at(-1)).toBe('200 minute 0/6')
    expect(await ask(filter, { target: '/one' })).toBe(`${blocked} minute 0/6`)
    const elsewhere = filterOf({ ...local, minute: 6 }, host, { serviceId: 't' })
    expect(await ask(elsewhere)).toBe('200 minute 5/6')
  })

  it('case 219: counts over everything when it is global', async () => {
    stopClock()
    const host = sampleHost()
    const one = filterOf({ ...local, minute: 6, hour: 6 }, host)
    const same = filterOf({ ...local, minute: 6, hour: 6 }, host)
    await askTimes(3, one)
    expect(await ask(same)).toBe('200 minute 2/6 hour 2/6')
  })

  it('case 216: counts a consumer on a route apart from others', async () => {
    stopClock()
    const host = sampleHost()
    const options = { principal: { id: bob.id, credentialId: 'c' } }
    const ofRoute = filterOf({ ...local, minute: 6 }, host, { routeId: 'r' })
    const ofBoth = filterOf({ ...local, minute: 8 }, host, { routeId: 'r', consumerId: bob.id })
    expect(await ask(ofBoth, options)).toBe('200 minute 7/8')
    expect(await ask(ofRoute, { principal: { id: 'eve', credentialId: 'e' } })).toBe(
      '200 minute 5/6',
    )
  })

  it('case 215: counts by credential, consumer or address, as it is told', async () => {
    stopClock()
    const first = { principal: { id: bob.id, credentialId: 'one' } }
    const second = { principal: { id: bob.id, credentialId: 'two' } }
    expect(await remaining('credential', first, second, first)).toBe('887')
    expect(await remaining('consumer', first, second, first)).toBe('876')
    const near = { client: { address: '192.0.2.1', port: 1 } }
    const far = { client: { address: '192.0.2.2', port: 1 } }
    expect(await remaining('ip', { ...near, ...first }, { ...near, ...second })).toBe('87')
    for (const limitBy of ['consumer', 'credential', 'ip']) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await remaining(limitBy, near, far, near)).toBe('887')
    }
    const anonymous = { principal: { id: bob.id, credentialId: undefined } }
    expect(await remaining('consumer', first, anonymous)).toBe('87')
  })

  it('case 217: says nothing of limits when told to hide them', async () => {
    stopClock()
    const filter = filterOf({ ...local, minute: 1, hide_client_headers: true })
    expect(await askTimes(2, filter)).toEqual(['200', blocked])
  })

  it('tells of limits also when another plugin answers', async () => {
    stopClock()
    const refuses: HttpFilter = { access: (exchange) => exchange.answer({ status: 403 }) }
    const { outcome } = await request([filterOf({ ...local, minute: 5 }), refuses])
    expect(outcome.status).toBe(403)
    expect(limitsIn(outcome.headers)).toBe('minute 4/5')
  })

  it('needs no turn of the event loop with policy local', () => {
    const filter = filterOf({ ...local, minute: 1 })
    const exchange = sampleExchange()
    expect(filter.access?.(exchange)).toBeUndefined()
    expect(filter.access?.(exchange)).toBeUndefined()
    expect(exchange.reply?.status).toBe(429)
  })
})

describe('rate-limiting with policy cluster', () => {
  const config = { policy: 'cluster', year: 10 }

  it('shares its counters with other nodes, exactly for each', async () => {
    const { counters } = openMemoryStore()
    const nodes = [1, 2].map(() => Object.assign(sampleHost(), { counters }))
    const [one = {}, other = {}] = nodes.map((host) => filterOf(config, host))
    expect(await ask(one)).toBe('200 year 9/10')
    expect(await ask(other)).toBe('200 year 8/10')
    const burst = await Promise.all(Array.from({ length: 100 }, () => ask(one)))
    expect(burst.filter((answer) => answer.startsWith('200'))).toHaveLength(8)
    expect(await ask(other)).toBe(`${blocked} year 0/10`)
  })

  it('names its counters as Kong 1.1 does', async () => {
    const { counters } = openMemoryStore()
    const host = Object.assign(sampleHost(), { counters })
    await ask(filterOf(config, host, { routeId: 'r1' }), {
      principal: { id: bob.id, credentialId: 'c' },
    })
    const start = Date.UTC(new Date().getUTCFullYear(), 0)
    const key = `ratelimit:r1:00000000-0000-0000-0000-000000000000:${bob.id}:${start}:year`
    await expect.poll(() => counters.read([key])).toEqual([1])
  })

  it('case 218: passes without headers while the store is broken, or fails if told to', async () => {
    const host = sampleHost()
    expect(await ask(filterOf(config, host))).toBe('200')
    expect(host.lines).toEqual(['error: failed to get usage: a sample has no counters'])
    expect(await ask(filterOf({ ...config, fault_tolerant: false }, host))).toBe(
      '500 An unexpected error occurred',
    )
  })
})

describe('rate-limiting with policy redis', () => {
  it('shares its counters, outlives the loss of Redis and goes on when it is back', async () => {
    await using redis = await openTestRedis({ password: 'p' })
    await using one = sampleHost()
    await using other = sampleHost()
    const config = {
      policy: 'redis',
      redis_host: '127.0.0.1',
      redis_port: redis.port,
      redis_password: 'p',
      redis_database: 1,
      year: 10,
    }
    const strict = filterOf({ ...config, fault_tolerant: false }, one)
    const tolerant = filterOf(config, other)
    expect(await ask(strict)).toBe('200 year 9/10')
    expect(await ask(tolerant)).toBe('200 year 8/10')
    const burst = await Promise.all(
      Array.from({ length: 100 }, (_, index) => ask(index % 2 === 0 ? strict : tolerant)),
    )
    expect(burst.filter((answer) => answer.startsWith('200'))).toHaveLength(8)

    await redis.stop()
    expect(await ask(tolerant)).toBe('200')
    expect(await ask(strict)).toBe('500 An unexpected error occurred')
    expect(other.lines.at(-1)).toMatch(/^error: failed to get usage: Redis at 127\.0\.0\.1:/)
    await redis.start()
    expect(await ask(strict)).toBe('200 year 9/10')
    expect(await ask(tolerant)).toBe('200 year 8/10')
  })

  it('waits no longer than it is told to for a Redis that hangs', async () => {
    await using redis = await openTestRedis()
    await using host = sampleHost()
    const filter = filterOf(
      {
        policy: 'redis',
        redis_host: '127.0.0.1',
        redis_port: redis.port,
        redis_timeout: 200,
        year: 500,
      },
      host,
    )
    await expect.poll(() => ask(filter)).toMatch(/^200 year \d+\/500$/)
    redis.freeze()
    expect(await ask(filter)).toBe('200')
    expect(host.lines.at(-1)).toMatch(/^error: failed to get usage: .*no answer within 200 ms/)
    redis.thaw()
    await expect.poll(() => ask(filter)).toMatch(/^200 year \d+\/500$/)
  })
})
