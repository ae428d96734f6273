import { createServer } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { portOf } from '#core/base/loopback-ports.ts'
import { readAll } from '#core/dataplane/channel/test-bytes.ts'
import type { Listener, Snapshot } from '#core/model/snapshot.ts'
import type { TargetPool } from '#core/model/target-pool.ts'
import { openDataplane } from './dataplane.ts'
import { exchangeRaw, RawClient } from './http/raw-client.ts'
import {
  connectTo,
  openTestServer,
  RecordingObserver,
  testStreamListener,
  type TestServer,
} from './stream/open-test-stream.ts'
import { testHttpListener } from './test-http-listener.ts'
import { testPool } from './upstreams/pools/test-pool.ts'

const get = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
const toPool = { upstream: { target: { host: 'pool', port: 1 } } } as const

function openNamed(name: string): Promise<TestServer> {
  return openTestServer((socket) => {
    socket.once('data', () =>
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`),
    )
  })
}

function poolOf(...servers: readonly { readonly port: number }[]): TargetPool {
  return testPool({ targets: servers.map(({ port }) => `127.0.0.1:${port}`) })
}

function snapshot(listener: Listener, ...pools: readonly TargetPool[]): Snapshot {
  return { version: '1', listeners: [listener], pools }
}

/** Who answers each of so many requests, sorted. */
async function answers(port: number, count: number): Promise<readonly string[]> {
  const bodies: string[] = []
  while (bodies.length < count) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const answer = await exchangeRaw(port, get)
    bodies.push(
      answer.startsWith('HTTP/1.1 200 ') ? answer.split('\r\n\r\n')[1]! : answer.slice(9, 12),
    )
  }
  return bodies.toSorted()
}

describe('pools', () => {
  it('take the requests of routes to their names, each target in its turn', async () => {
    await using one = await openNamed('one')
    await using two = await openNamed('two')
    await using dataplane = openDataplane({ observer: new RecordingObserver() })
    await dataplane.apply(snapshot(testHttpListener([toPool]), poolOf(one, two)))
    const { port } = dataplane.listening[0]!
    expect(await answers(port, 6)).toEqual(['one', 'one', 'one', 'two', 'two', 'two'])
  })

  it('are told what came of each attempt, and their health can be asked for', async () => {
    const gone = await openNamed('gone')
    await gone[Symbol.asyncDispose]()
    await using one = await openNamed('one')
    const pool = testPool({
      targets: [`127.0.0.1:${one.port}`, `127.0.0.1:${gone.port}`],
      passive: { tcpFailures: 1, successes: 1 },
    })
    const reported: string[] = []
    await using dataplane = openDataplane({
      observer: new RecordingObserver(),
      report: (level, message) => reported.push(`${level} ${message}`),
    })
    await dataplane.apply(snapshot(testHttpListener([toPool]), pool))
    const { port } = dataplane.listening[0]!
    const first = await answers(port, 4)
    expect(first.filter((answer) => answer === '502')).toHaveLength(1)
    expect(dataplane.health(pool.id).map(({ health }) => health)).toEqual(['healthy', 'unhealthy'])
    expect(await answers(port, 4)).toEqual(['one', 'one', 'one', 'one'])
    expect(reported).toHaveLength(1)
    expect(dataplane.health('other')).toEqual([])
  })

  it('carry streams, and other targets are tried as often as the route allows', async () => {
    const gone = await openNamed('gone')
    await gone[Symbol.asyncDispose]()
    await using server = await openTestServer((socket) => socket.end('stream'))
    const listener = testStreamListener([{ upstream: { ...toPool.upstream, retries: 3 } }])
    const pool = testPool({
      targets: [gone, server].map(({ port }) => `127.0.0.1:${port}`),
      passive: { kind: 'tcp', tcpFailures: 1 },
    })
    await using dataplane = openDataplane({ observer: new RecordingObserver() })
    await dataplane.apply(snapshot(listener, pool))
    for (let count = 0; count < 4; count++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const client = await connectTo(dataplane.listening[0]!.port)
      // oxlint-disable-next-line no-await-in-loop
      expect((await readAll(client)).toString()).toBe('stream')
      client.destroy()
    }
    expect(dataplane.health(pool.id).map(({ health }) => health)).toEqual(['unhealthy', 'healthy'])
  })

  it('are replaced with the snapshot, and stay when it cannot be applied', async () => {
    await using one = await openNamed('one')
    await using two = await openNamed('two')
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    await using dataplane = openDataplane({ observer: new RecordingObserver() })
    const listener = testHttpListener([toPool])
    await dataplane.apply(snapshot(listener, poolOf(one)))
    const { port } = dataplane.listening[0]!
    const impossible = { ...snapshot(listener, poolOf(two)) }
    await expect(
      dataplane.apply({
        ...impossible,
        listeners: [listener, testStreamListener([], { port: portOf(taken) })],
      }),
    ).rejects.toMatchObject({ code: 'listen-failed' })
    expect(await answers(port, 2)).toEqual(['one', 'one'])
    await dataplane.apply(snapshot(listener, poolOf(two)))
    expect(await answers(port, 2)).toEqual(['two', 'two'])
    await dataplane.apply(snapshot(listener, { ...poolOf(), id: 'empty' }))
    const [status] = await answers(port, 1)
    expect(status).not.toBe('200')
    expect(dataplane.health('pool-id')).toEqual([])
    taken.close()
  })

  it('lose no request while they come and go with their routes', async () => {
    await using one = await openNamed('one')
    await using two = await openNamed('two')
    const http = testHttpListener([toPool])
    // A name that has to be resolved before it can be bound makes the change take a while.
    const named = testStreamListener([], { address: 'localhost' })
    const first = { ...snapshot(http, poolOf(one)), listeners: [http, named] }
    const second = snapshot(
      testHttpListener([{ upstream: { target: { host: 'other', port: 1 } } }]),
      { ...poolOf(two), id: 'other-id', name: 'other' },
    )
    await using dataplane = openDataplane({ observer: new RecordingObserver() })
    await dataplane.apply(first)
    const { port } = dataplane.listening[0]!
    const swapped = new AbortController()
    const swap = async (): Promise<void> => {
      for (let round = 0; round < 40; round++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await dataplane.apply(round % 2 === 0 ? second : first)
        // oxlint-disable-next-line no-await-in-loop
        await new Promise(setImmediate)
      }
      swapped.abort()
    }
    const seen = new Set<string>()
    let count = 0
    const ask = async (): Promise<void> => {
      while (!swapped.signal.aborted) {
        // oxlint-disable-next-line no-await-in-loop
        for (const answer of await answers(port, 1)) seen.add(answer)
        count += 1
      }
    }
    await Promise.all([swap(), ask(), ask()])
    expect(count).toBeGreaterThan(2)
    expect([...seen].filter((answer) => answer !== 'one' && answer !== 'two')).toEqual([])
  })

  it('are let go of in the middle of a request when the data plane is disposed of', async () => {
    await using silent = await openTestServer((socket) => socket.resume())
    const dataplane = openDataplane({ observer: new RecordingObserver() })
    await dataplane.apply(snapshot(testHttpListener([toPool]), poolOf(silent)))
    using client = await RawClient.open(dataplane.listening[0]!.port)
    client.send(get)
    await client.until(() => dataplane.counters.active === 1)
    await dataplane[Symbol.asyncDispose]()
    await client.end()
    expect(client.received).toBe('')
  })
})
