import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer } from '#scenarios/support/ask.ts'
import { countedInRedis, countedInStore, type ReadCounted } from '#scenarios/support/counted.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import { heardOfChanges } from '#scenarios/support/heard-of-changes.ts'
import type { KongNode } from '#scenarios/support/kong-cluster.ts'
import {
  openNodePair,
  type Hop,
  type HopProtocol,
  type NodePair,
} from '#scenarios/support/node-pair.ts'
import { openRedisServer, type RedisServer } from '#scenarios/support/redis-server.ts'

const clients = 64
/** Each of them, one after the other. */
const times = 3

type Policy = 'cluster' | 'redis'
const policies: readonly Policy[] = ['cluster', 'redis']

const stack = new AsyncDisposableStack()
let redis: RedisServer
let pair: NodePair
beforeAll(async () => {
  redis = stack.use(await openRedisServer())
  // The second node counts for the client that the first one names, so that both count in one place.
  pair = stack.use(await openNodePair({ second: { trusted_ips: '127.0.0.0/8' } }))
})
afterAll(() => stack.disposeAsync())

describe(`${clients} clients at once`, () => {
  it.for(policies)(
    'lose and double no use: once each over mutual TLS, twice over a plain hop: policy %s',
    async (policy) => {
      const sums: Record<string, number> = {}
      for (const protocol of ['https', 'http'] as const) {
        // oxlint-disable-next-line no-await-in-loop
        const { hop, counted, plugin } = await limited(protocol, { policy, year: 10_000 })
        // oxlint-disable-next-line no-await-in-loop
        const answers = await burst(hop, { nodes: [pair.first], requests: times })
        expect(tally(answers)).toEqual({ 200: times * clients })
        // From now on nothing passes, so that nothing more is counted.
        // oxlint-disable-next-line no-await-in-loop
        await pair.first.configure('PATCH', `/plugins/${plugin}`, { config: { year: 1 } })
        // oxlint-disable-next-line no-await-in-loop
        await heardOfChanges(pair.first, [pair.second])
        // oxlint-disable-next-line no-await-in-loop
        await refused(hop)
        // oxlint-disable-next-line no-await-in-loop
        sums[protocol] = await sumOf(counted, hop)
      }
      expect(sums).toEqual({ https: times * clients, http: 2 * times * clients })
    },
  )

  it.for(policies)(
    'pass as often as the limit says, not once more or less, through one node: policy %s',
    async (policy) => {
      const { hop, counted } = await limited('https', { policy, year: 40 })
      const answers = await burst(hop, { nodes: [pair.first] })
      expect(tally(answers)).toEqual({ 200: 40, 429: clients - 40 })
      const left = answers.filter(({ status }) => status === 200).map(remaining)
      expect(left.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 40 }, (_, index) => index),
      )
      await refused(hop)
      expect(await sumOf(counted, hop)).toBe(40)
    },
  )

  it('pass as often as the limit says through two nodes as entrances: policy redis', async () => {
    const { hop, counted } = await limited('https', { policy: 'redis', year: 40 })
    const answers = await burst(hop, { nodes: [pair.first, pair.second] })
    expect(tally(answers)).toEqual({ 200: 40, 429: clients - 40 })
    expect(await sumOf(counted, hop)).toBe(40)
  })

  it('pass through two nodes as entrances at most as often as the limit for each, and none is forgotten: policy cluster', async () => {
    const year = 20
    const { hop, counted } = await limited('https', { policy: 'cluster', year })
    const answers = await burst(hop, { nodes: [pair.first, pair.second] })
    const passed = tally(answers)[200] ?? 0
    expect(passed).toBeGreaterThanOrEqual(year)
    expect(passed).toBeLessThanOrEqual(2 * year)
    await eventually('all that has passed is counted', async () => {
      return (await sumOf(counted, hop)) >= passed
    })
    // What has passed too much is held against those that come after, on both nodes.
    const after = await burst(hop, { nodes: [pair.first, pair.second] })
    expect(tally(after)).toEqual({ 429: clients })
    expect(await sumOf(counted, hop)).toBe(passed)
  })

  it('use up a limit twice as fast over a plain hop, and each use is accounted for: policy redis', async () => {
    const { hop, counted } = await limited('http', { policy: 'redis', year: 40 })
    const answers = await burst(hop, { nodes: [pair.first] })
    const passed = answers.filter(({ status }) => status === 200).length
    // Counted by the first node, refused by the second.
    const refusedBySecond = answers.filter(
      ({ status, headers }) => status === 429 && headers['x-kong-upstream-latency'] !== undefined,
    ).length
    expect(passed).toBeLessThanOrEqual(20)
    expect(2 * passed + refusedBySecond).toBe(40)
    expect(await sumOf(counted, hop)).toBe(40)
  })
})

interface Limited {
  readonly hop: Hop
  readonly plugin: string
  readonly counted: ReadCounted
}

/** A hop with a limit for each year, which does not end while a scenario runs. */
async function limited(
  protocol: HopProtocol,
  { policy, year }: { readonly policy: Policy; readonly year: number },
): Promise<Limited> {
  const hop = await pair.openHop(protocol)
  const server = policy === 'redis' ? { redis_host: redis.host, redis_port: redis.port } : {}
  const config = { year, policy, limit_by: 'ip', fault_tolerant: false, ...server }
  const [plugin = ''] = await pair.addPlugins(hop, [{ name: 'rate-limiting', config }])
  return {
    hop,
    plugin,
    counted: policy === 'redis' ? countedInRedis(redis) : countedInStore(pair.cluster.folder),
  }
}

/** Each client asks on connections of its own, one request after the other; clients take turns at the nodes. */
async function burst(
  { host }: Hop,
  { nodes, requests = 1 }: { readonly nodes: readonly KongNode[]; readonly requests?: number },
): Promise<readonly Answer[]> {
  const each = Array.from({ length: clients }, async (_, client) => {
    const node = nodes[client % nodes.length]
    const answers: Answer[] = []
    for (let time = 0; time < requests; time++) {
      // oxlint-disable-next-line no-await-in-loop
      if (node !== undefined) answers.push(await node.get('/', { host }))
    }
    return answers
  })
  return (await Promise.all(each)).flat()
}

/**
 * Asks each node once more for what is used up. A node stores what it has counted before it looks up the next, so that
 * all is stored when this ends.
 */
async function refused({ host }: Hop): Promise<void> {
  for (const node of [pair.first, pair.second]) {
    // oxlint-disable-next-line no-await-in-loop
    expect((await node.get('/', { host })).status).toBe(429)
  }
}

async function sumOf(counted: ReadCounted, { route }: Hop): Promise<number> {
  return Object.values(await counted(route)).reduce((sum, count) => sum + count, 0)
}

function tally(answers: readonly Answer[]): Readonly<Record<number, number>> {
  const tallied: Record<number, number> = {}
  for (const { status } of answers) tallied[status] = (tallied[status] ?? 0) + 1
  return tallied
}

function remaining({ headers }: Answer): number {
  return Number(headers['x-ratelimit-remaining-year'])
}
