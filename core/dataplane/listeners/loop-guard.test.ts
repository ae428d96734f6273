import { describe, expect, it } from 'vitest'
import {
  connectTo,
  openTestServer,
  openTestStream,
} from '#core/dataplane/stream/open-test-stream.ts'
import { readAll } from '#core/dataplane/channel/test-bytes.ts'
import { isLoop } from './loop-guard.ts'

describe('isLoop', () => {
  it('allows a stream to come by each listener once', () => {
    expect(isLoop(['outbound', 'inbound'], 'once')).toBe(false)
    expect(isLoop(['outbound', 'inbound', 'outbound'], 'once')).toBe(true)
  })

  it('allows plain HTTP to come by its own listener some times', () => {
    expect(isLoop(Array(8).fill('gateway'), 'some')).toBe(false)
    expect(isLoop(Array(9).fill('gateway'), 'some')).toBe(true)
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
