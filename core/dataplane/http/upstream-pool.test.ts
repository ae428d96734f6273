import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import { dial } from '#core/dataplane/upstreams/dial.ts'
import { openTestUpstream } from './open-test-proxy.ts'
import { UpstreamPool } from './upstream-pool.ts'

async function openPair(
  count: number,
): Promise<
  AsyncDisposable & { readonly channels: readonly Channel[]; readonly sockets: readonly Socket[] }
> {
  const sockets: Socket[] = []
  const upstream = await openTestUpstream((socket) => sockets.push(socket))
  const channels: Channel[] = []
  while (channels.length < count) {
    channels.push(await dial({ host: '127.0.0.1', port: upstream.port, connectTimeoutMs: 5000 }))
    while (sockets.length < channels.length) await new Promise(setImmediate)
  }
  return { channels, sockets, [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose]() }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('Waited in vain')
    await new Promise(setImmediate)
  }
}

describe('a pool', () => {
  it('gives back the connection that was used last, and only for its own key', async () => {
    await using pair = await openPair(3)
    using pool = new UpstreamPool()
    const [a, b, other] = pair.channels
    pool.give('key', a!, 10)
    pool.give('key', b!, 10)
    pool.give('other', other!, 10)
    expect(pool.take('key')).toBe(b)
    expect(pool.take('key')).toBe(a)
    expect(pool.take('key')).toBeUndefined()
    expect(pool.size).toBe(1)
    a!.reset()
    b!.reset()
  })

  it('closes the one that waits longest when there are too many, and every one when there may be none', async () => {
    await using pair = await openPair(3)
    using pool = new UpstreamPool()
    const [a, b, c] = pair.channels
    pool.give('x', a!, 2)
    pool.give('y', b!, 2)
    pool.give('x', c!, 2)
    await once(pair.sockets[0]!, 'end')
    expect(pool.size).toBe(2)
    expect(pool.take('x')).toBe(c)
    pool.give('x', c!, 0)
    await once(pair.sockets[2]!, 'end')
    expect(pool.size).toBe(1)
  })

  it('forgets a connection that the upstream ends or speaks on', async () => {
    await using pair = await openPair(2)
    using pool = new UpstreamPool()
    pool.give('key', pair.channels[0]!, 10)
    pool.give('key', pair.channels[1]!, 10)
    pair.sockets[0]!.end()
    pair.sockets[1]!.write('unasked')
    await until(() => pool.size === 0)
    expect(pool.take('key')).toBeUndefined()
  })

  it('closes what was idle for too long, and all when it is disposed', async () => {
    await using pair = await openPair(2)
    const pool = new UpstreamPool({ idleTimeoutMs: 30 })
    pool.give('key', pair.channels[0]!, 10)
    await once(pair.sockets[0]!, 'end')
    expect(pool.size).toBe(0)
    pool.give('key', pair.channels[1]!, 10)
    pool[Symbol.dispose]()
    await once(pair.sockets[1]!, 'end')
    expect(pool.size).toBe(0)
  })
})
