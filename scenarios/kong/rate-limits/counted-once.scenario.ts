import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer, Question } from '#scenarios/support/ask.ts'
import { countedInRedis, countedInStore, type ReadCounted } from '#scenarios/support/counted.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import type { KongNode } from '#scenarios/support/kong-cluster.ts'
import { openNodePair, type Hop, type NodePair } from '#scenarios/support/node-pair.ts'
import { openRedisServer, type RedisServer } from '#scenarios/support/redis-server.ts'

const stack = new AsyncDisposableStack()
let redis: RedisServer
/** In the one the second node does not trust the first about whose request it is, in the other it does. */
let pairs: Readonly<Record<'wary' | 'trusting', NodePair>>
beforeAll(async () => {
  redis = stack.use(await openRedisServer())
  const [wary, trusting] = await Promise.all([
    openNodePair({}).then((pair) => stack.use(pair)),
    openNodePair({ second: { trusted_ips: '127.0.0.0/8' } }).then((pair) => stack.use(pair)),
  ])
  pairs = { wary, trusting }
})
afterAll(() => stack.disposeAsync())

const shared = (['cluster', 'redis'] as const).flatMap((policy) =>
  (['consumer', 'credential', 'ip'] as const).map((limitBy) => ({ policy, limitBy })),
)

describe('one request through two nodes', () => {
  it.for(shared)(
    'counts once over mutual TLS: policy $policy, by $limitBy',
    async ({ policy, limitBy }) => {
      const { pair, hop, who, asked, counted } = await limited('https', { policy, limitBy })
      expect(await ask(3, { pair, hop, asked, each: 1, counted })).toEqual([9, 8, 7])
      expect(await counted(hop.route)).toEqual({ [who]: 3 })
      // The control: asked directly the second node counts, and in the same counter.
      expect(remaining(await pair.second.get('/', asked))).toBe(6)
      await settled({ hop, counted, total: 4 })
      expect(await counted(hop.route)).toEqual({ [who]: 4 })
    },
  )

  it.for(shared.filter(({ limitBy }) => limitBy !== 'ip'))(
    'counts twice over a plain hop: policy $policy, by $limitBy',
    async ({ policy, limitBy }) => {
      const { pair, hop, who, asked, counted } = await limited('http', { policy, limitBy })
      expect(await ask(3, { pair, hop, asked, each: 2, counted })).toEqual([9, 7, 5])
      expect(await counted(hop.route)).toEqual({ [who]: 6 })
      expect(remaining(await pair.second.get('/', asked))).toBe(3)
    },
  )

  it.for(['cluster', 'redis'] as const)(
    'counts over a plain hop for the client and for the first node, by ip: policy %s',
    async (policy) => {
      const { pair, hop, who, asked, counted } = await limited('http', { policy, limitBy: 'ip' })
      expect(await ask(3, { pair, hop, asked, each: 2, counted })).toEqual([9, 8, 7])
      expect(await counted(hop.route)).toEqual({ [who]: 3, [pair.first.address]: 3 })
    },
  )

  it.for(['cluster', 'redis'] as const)(
    'counts twice for the client over a plain hop, by ip, where the second node trusts the first: policy %s',
    async (policy) => {
      const settings = { policy, limitBy: 'ip', pair: pairs.trusting } as const
      const { pair, hop, who, asked, counted } = await limited('http', settings)
      expect(await ask(3, { pair, hop, asked, each: 2, counted })).toEqual([9, 7, 5])
      expect(await counted(hop.route)).toEqual({ [who]: 6 })
    },
  )

  it.for(['consumer', 'credential', 'ip'] as const)(
    'with policy local is counted by both nodes over a plain hop, and by the first alone over mutual TLS: by %s',
    async (limitBy) => {
      const pair = pairs.trusting
      const leftAtTheSecond: Record<string, number> = {}
      for (const protocol of ['https', 'http'] as const) {
        // oxlint-disable-next-line no-await-in-loop
        const { hop, asked } = await limited(protocol, { policy: 'local', limitBy, pair })
        // oxlint-disable-next-line no-await-in-loop
        expect(await ask(3, { pair, hop, asked })).toEqual([9, 8, 7])
        // oxlint-disable-next-line no-await-in-loop
        leftAtTheSecond[protocol] = remaining(await pair.second.get('/', asked))
      }
      expect(leftAtTheSecond).toEqual({ https: 9, http: 6 })
    },
  )

  it.for(['cluster', 'redis'] as const)(
    'has half the limit over a plain hop, and the odd one is refused by the second node: policy %s',
    async (policy) => {
      const seen: Record<string, readonly unknown[]> = {}
      for (const protocol of ['https', 'http'] as const) {
        const settings = { policy, limitBy: 'consumer', year: 5 } as const
        // oxlint-disable-next-line no-await-in-loop
        const { pair, hop, asked, counted } = await limited(protocol, settings)
        const outcomes: unknown[] = []
        for (const time of [1, 2, 3, 4, 5, 6]) {
          // oxlint-disable-next-line no-await-in-loop -- each counts on the one before
          const { status, headers } = await pair.first.get('/', asked)
          const proxied = headers['x-kong-upstream-latency'] !== undefined
          outcomes.push(status === 429 ? `refused by ${proxied ? 'second' : 'first'}` : status)
          const total = Math.min(5, protocol === 'http' ? 2 * time : time)
          // oxlint-disable-next-line no-await-in-loop
          await settled({ hop, counted, total })
        }
        seen[protocol] = outcomes
      }
      const first = 'refused by first'
      expect(seen).toEqual({
        https: [200, 200, 200, 200, 200, first],
        http: [200, 200, 'refused by second', first, first, first],
      })
    },
  )

  it.for(['cluster', 'redis'] as const)(
    'is counted by the second node alone with run_on second, and by none over a plain hop: policy %s',
    async (policy) => {
      const counts: Record<string, unknown> = {}
      for (const protocol of ['https', 'http'] as const) {
        const settings = { policy, limitBy: 'ip', runOn: 'second' } as const
        // oxlint-disable-next-line no-await-in-loop
        const { pair, hop, asked, counted } = await limited(protocol, settings)
        // oxlint-disable-next-line no-await-in-loop
        const { headers } = await pair.first.get('/', asked)
        // oxlint-disable-next-line no-await-in-loop
        if (protocol === 'https') await settled({ hop, counted, total: 1 })
        // oxlint-disable-next-line no-await-in-loop
        counts[protocol] = [headers['x-ratelimit-remaining-year'], await counted(hop.route)]
        if (protocol === 'https')
          expect(counts[protocol]).toEqual(['9', { [pair.first.address]: 1 }])
      }
      expect(counts['http']).toEqual([undefined, {}])
    },
  )
})

interface Limited {
  readonly pair: NodePair
  readonly hop: Hop
  /** Under which name the client is counted. */
  readonly who: string
  readonly asked: Partial<Question>
  readonly counted: ReadCounted
}

interface Limit {
  readonly policy: 'local' | 'cluster' | 'redis'
  readonly limitBy: 'consumer' | 'credential' | 'ip'
  readonly year?: number
  readonly runOn?: 'first' | 'second'
  readonly pair?: NodePair
}

/** A hop whose route has a limit for each year, which does not end while a scenario runs, and a client of it. */
async function limited(
  protocol: 'https' | 'http',
  { policy, limitBy, year = 10, runOn = 'first', pair = pairs.wary }: Limit,
): Promise<Limited> {
  const { first, cluster } = pair
  const hop = await pair.openHop(protocol)
  const consumer = await first.configure('POST', '/consumers', { username: hop.host })
  const key = await first.configure('POST', `/consumers/${consumer['id']}/key-auth`, {})
  const server = policy === 'redis' ? { redis_host: redis.host, redis_port: redis.port } : {}
  const config = { year, policy, limit_by: limitBy, fault_tolerant: false, ...server }
  await pair.addPlugins(hop, [
    { name: 'key-auth' },
    { name: 'rate-limiting', run_on: runOn, config },
  ])
  const who = { consumer: consumer['id'], credential: key['id'], ip: '127.0.0.1' }[limitBy]
  return {
    pair,
    hop,
    who: String(who),
    asked: { host: hop.host, headers: { apikey: String(key['key']) } },
    counted: policy === 'redis' ? countedInRedis(redis) : countedInStore(cluster.folder),
  }
}

interface Asking extends Pick<Limited, 'hop' | 'asked'> {
  readonly pair: { readonly first: KongNode }
  /** How much one request adds to the counters; they are waited for. */
  readonly each?: number
  readonly counted?: ReadCounted
}

/** What remained after each of some requests, one after the other. */
async function ask(
  times: number,
  { pair, hop, asked, each = 0, counted }: Asking,
): Promise<readonly number[]> {
  const left: number[] = []
  for (let time = 1; time <= times; time++) {
    // oxlint-disable-next-line no-await-in-loop -- each counts on the one before
    const answer = await pair.first.get('/', asked)
    expect(answer.status).toBe(200)
    left.push(remaining(answer))
    // oxlint-disable-next-line no-await-in-loop
    if (counted !== undefined) await settled({ hop, counted, total: each * time })
  }
  return left
}

/** Nodes answer before policy `cluster` has stored what they counted. */
function settled(of: {
  readonly hop: Hop
  readonly counted: ReadCounted
  readonly total: number
}): Promise<void> {
  return eventually(`${of.total} uses are counted`, async () => {
    const counts = Object.values(await of.counted(of.hop.route))
    return counts.reduce((sum, count) => sum + count, 0) >= of.total
  })
}

function remaining({ headers }: Answer): number {
  return Number(headers['x-ratelimit-remaining-year'])
}
