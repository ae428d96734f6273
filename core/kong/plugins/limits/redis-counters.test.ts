import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { counter, describeCounters } from './counters-suite.ts'
import { openTestRedis, type TestRedis } from './open-test-redis.ts'
import { RedisConnection, type RedisSettings } from './redis-connection.ts'
import { RedisCounters } from './redis-counters.ts'

describe('Redis counters', () => {
  const opened = new AsyncDisposableStack()
  let redis: TestRedis
  beforeAll(async () => {
    redis = opened.use(await openTestRedis())
  })
  afterAll(() => opened.disposeAsync())

  const connection = (settings: Partial<RedisSettings> = {}): RedisConnection =>
    opened.use(
      new RedisConnection({
        host: '127.0.0.1',
        port: redis.port,
        password: null,
        database: 0,
        timeoutMs: 2000,
        ...settings,
      }),
    )
  let databases = 0
  const open = (): RedisCounters =>
    new RedisCounters(connection({ database: (databases += 1) }), { onFault: (): void => {} })

  describeCounters(open)

  it('let exactly as many pass over several nodes as are allowed', async () => {
    const [one, other] = [open(), open()]
    const shared = connection({ database: 15 })
    const nodes = [1, 2].map(() => new RedisCounters(shared, { onFault: (): void => {} }))
    const burst = Array.from({ length: 50 }, () => nodes.map((node) => node.take([counter('x')])))
    const used = (await Promise.all(burst.flat())).map(([before = NaN]) => before)
    expect(used.filter((before) => before < 10)).toHaveLength(10)
    expect([await one.read([counter('x')]), await other.read([counter('x')])]).toEqual([[0], [0]])
  })

  it('are forgotten by Redis some time after their window', async () => {
    const redisConnection = connection({ database: 14 })
    const counters = new RedisCounters(redisConnection, { onFault: (): void => {} })
    const before = Date.now()
    const end = before + 60_000
    await counters.take([{ key: 'soon', limit: 5, end }])
    const ttl = Number(await redisConnection.send(['PTTL', 'soon']))
    expect(ttl).toBeGreaterThan(end - Date.now() + 5000)
    expect(ttl).toBeLessThanOrEqual(end - before + 10_000)
  })

  it('are found under numbers that other clients read', async () => {
    const redisConnection = connection({ database: 13 })
    const counters = new RedisCounters(redisConnection, { onFault: (): void => {} })
    await counters.take([counter('plain')])
    expect(await redisConnection.send(['GET', 'plain'])).toBe('1')
  })
})

describe('RedisConnection', () => {
  const settings = { host: '127.0.0.1', password: null, database: 0, timeoutMs: 1000 }

  it('says which Redis failed, tries anew each time and works when it is back', async () => {
    await using redis = await openTestRedis()
    await using connection = new RedisConnection({ ...settings, port: redis.port })
    expect(await connection.send(['PING'])).toBe('PONG')
    await redis.stop()
    const named = new RegExp(`^Redis at 127.0.0.1:${redis.port} failed: `)
    await expect(connection.send(['PING'])).rejects.toThrow(named)
    await expect(connection.send(['PING'])).rejects.toThrow('ECONNREFUSED')
    await redis.start()
    expect(await connection.send(['PING'])).toBe('PONG')
  })

  it('gives up on a Redis that does not answer in time', async () => {
    await using redis = await openTestRedis()
    await using connection = new RedisConnection({ ...settings, port: redis.port, timeoutMs: 200 })
    await expect.poll(async () => connection.send(['PING']).catch(String)).toBe('PONG')
    redis.freeze()
    await expect(connection.send(['PING'])).rejects.toThrow('no answer within 200 ms')
    redis.thaw()
    await expect.poll(async () => connection.send(['PING']).catch(String)).toBe('PONG')
  })

  it('shows its password, and fails without', async () => {
    await using redis = await openTestRedis({ password: 'open sesame' })
    const port = redis.port
    await using knowing = new RedisConnection({ ...settings, port, password: 'open sesame' })
    expect(await knowing.send(['PING'])).toBe('PONG')
    await using ignorant = new RedisConnection({ ...settings, port })
    await expect(ignorant.send(['PING'])).rejects.toThrow('NOAUTH')
    await using wrong = new RedisConnection({ ...settings, port, password: 'x' })
    await expect(wrong.send(['PING'])).rejects.toThrow('WRONGPASS')
    await expect(wrong.send(['PING'])).rejects.toThrow('WRONGPASS')
  })

  it('closes its connection when it is disposed of, and opens none afterwards', async () => {
    await using redis = await openTestRedis()
    const connection = new RedisConnection({ ...settings, port: redis.port })
    await using observer = new RedisConnection({ ...settings, port: redis.port })
    await connection.send(['PING'])
    const clients = async (): Promise<number> =>
      String(await observer.send(['CLIENT', 'LIST']))
        .trim()
        .split('\n').length
    expect(await clients()).toBe(2)
    await connection[Symbol.asyncDispose]()
    await expect.poll(clients).toBe(1)
    await expect(connection.send(['PING'])).rejects.toThrow('the node is stopping')
  })

  it('notices that an idle connection was cut', async () => {
    await using redis = await openTestRedis()
    await using connection = new RedisConnection({ ...settings, port: redis.port })
    await connection.send(['PING'])
    const killer = connect(redis.port, '127.0.0.1')
    killer.write('CLIENT KILL TYPE normal SKIPME yes\r\n')
    await once(killer, 'data')
    killer.destroy()
    await expect.poll(async () => connection.send(['PING']).catch(String)).toBe('PONG')
  })
})
