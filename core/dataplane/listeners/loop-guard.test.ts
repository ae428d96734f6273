import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  connectTo,
  openTestServer,
  openTestStream,
} from '#core/dataplane/stream/open-test-stream.ts'
import { readAll } from '#core/dataplane/channel/test-bytes.ts'
import { isLoop, LoopGuard } from './loop-guard.ts'

describe('isLoop', () => {
  it('allows a stream to come by each listener once', () => {
    expect(isLoop(['outbound', 'inbound'], 'once')).toBe(false)
    expect(isLoop(['outbound', 'inbound', 'outbound'], 'once')).toBe(true)
  })

  it('allows plain HTTP to come by its own listener some times', () => {
    expect(isLoop(Array(8).fill('gateway'), 'some')).toBe(false)
    expect(isLoop(Array(9).fill('gateway'), 'some')).toBe(true)
  })

  it('wants more proof where the way is not certain', () => {
    expect(isLoop(['outbound', '?', 'outbound'], 'once')).toBe(false)
    expect(isLoop(['?', ...Array<string>(9).fill('outbound')], 'once')).toBe(true)
  })
})

describe('a loop guard', () => {
  it('knows a connection of its own only by both ends: a local port can serve several peers', async () => {
    await using dialled = await openTestServer((socket) => socket.resume())
    const socket = await connectTo(dialled.port)
    const guard = new LoopGuard()
    guard.remember(socket, ['outbound'])
    const client = { address: '127.0.0.1', port: socket.localPort! }
    const destination = { address: '127.0.0.1', port: dialled.port }
    expect(guard.passage(client, 'outbound', destination)).toEqual(['outbound', 'outbound'])
    expect(guard.passage(client, 'outbound', { ...destination, port: 1 })).toEqual([
      'outbound',
      '?',
      'outbound',
    ])
    expect(guard.passage({ ...client, port: 1 }, 'outbound', destination)).toEqual(['outbound'])
    socket.destroy()
    expect(guard.passage(client, 'outbound', destination)).toEqual(['outbound'])
  })

  it('knows it before Node has noticed that it is connected', async () => {
    await using dialled = await openTestServer((socket) => socket.resume())
    const guard = new LoopGuard()
    const destination = { address: '127.0.0.1', port: dialled.port }
    const socket = connect({ ...destination, host: destination.address })
    socket.on('error', () => {})
    process.nextTick(() => guard.remember(socket, ['outbound']))
    await new Promise<void>((resolve) => process.nextTick(resolve))
    expect(socket.connecting).toBe(true)
    const client = { address: '127.0.0.1', port: socket.localPort! }
    expect(guard.passage(client, 'outbound', destination)).toEqual(['outbound', 'outbound'])
    socket.destroy()
  })
})

describe('a data plane', () => {
  it('cuts a stream that is routed to its own listener, at the second accept', async () => {
    await using proxy = await openTestStream([{ upstream: { target: 'original-destination' } }])
    const client = await connectTo(proxy.port)
    client.on('data', () => {})
    await proxy.observer.until('fault Loop')
    await proxy.observer.until('finished')
    expect(proxy.dataplane.counters.accepted).toBe(2)
    client.destroy()
  })

  it('lets a client dial the listener directly where the route leads elsewhere', async () => {
    await using server = await openTestServer((socket) => socket.end('served'))
    await using proxy = await openTestStream([{ upstream: { target: server.target } }])
    const client = await connectTo(proxy.port)
    expect((await readAll(client)).toString()).toBe('served')
    client.end()
  })
})
