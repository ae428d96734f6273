import { once } from 'node:events'
import { createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { portOf } from '#core/base/loopback-ports.ts'
import { readAll } from '#core/dataplane/channel/test-bytes.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import type { Listener } from '#core/model/snapshot.ts'
import { openDataplane, type Dataplane } from './dataplane.ts'
import { testHttpListener } from './test-http-listener.ts'
import {
  connectTo,
  openTestServer,
  RecordingObserver,
  testStreamListener,
} from './stream/open-test-stream.ts'

describe('apply', () => {
  it('swaps routes between two connections and leaves the port and what is under way alone', async () => {
    await using one = await openTestServer((socket) => socket.write('one'))
    await using two = await openTestServer((socket) => socket.end('two'))
    await using dataplane = open()
    const first = testStreamListener([{ upstream: { target: one.target } }])
    await dataplane.apply(snapshot(first))
    const [bound] = dataplane.listening
    const old = await connectTo(bound!.port)
    await once(old, 'data')

    await dataplane.apply(
      snapshot({ ...first, ...testStreamListener([{ upstream: { target: two.target } }]) }),
    )
    expect(dataplane.listening).toEqual([bound])
    const fresh = await connectTo(bound!.port)
    expect((await readAll(fresh)).toString()).toBe('two')
    fresh.end()
    expect(old.readyState).toBe('open')
    expect(dataplane.counters.accepted).toBe(2)
    old.destroy()
  })

  it('lets a kept-alive HTTP connection see new routes with its next request', async () => {
    await using dataplane = open()
    await dataplane.apply(snapshot(testHttpListener([])))
    const client = await connectTo(dataplane.listening[0]!.port)
    const request = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
    client.write(request)
    expect(await nextText(client)).toContain('HTTP/1.1 404')
    await using server = await openTestServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 204 No Content\r\n\r\n'))
    })
    await dataplane.apply(snapshot(testHttpListener([{ upstream: { target: server.target } }])))
    client.write(request)
    expect(await nextText(client)).toContain('HTTP/1.1 204')
    client.destroy()
  })

  it('names every address that cannot be bound, and keeps the old snapshot', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const port = portOf(taken)
    await using server = await openTestServer((socket) => socket.end('still here'))
    await using dataplane = open()
    const kept = testStreamListener([{ upstream: { target: server.target } }])
    await dataplane.apply(snapshot(kept))
    const before = dataplane.listening

    const failing = dataplane.apply(
      snapshot(
        testStreamListener([], { port: 0, address: '127.0.0.9' }),
        testStreamListener([], { port }),
        testStreamListener([], { address: '192.0.2.1', port: 9000 }),
      ),
    )
    await expect(failing).rejects.toMatchObject({
      code: 'listen-failed',
      message: [
        `Cannot listen on 127.0.0.1:${port}: the address is in use (98: Address already in use); stop its user or choose another port`,
        'Cannot listen on 192.0.2.1:9000: this machine does not have that address (99: Cannot assign requested address); add it to an interface or choose another',
      ].join('\n'),
    })
    expect(dataplane.listening).toEqual(before)
    const client = await connectTo(before[0]!.port)
    expect((await readAll(client)).toString()).toBe('still here')
    client.destroy()
    taken.close()
  })

  it('replaces a listener by its transparent twin on the same port, and back', async () => {
    await using server = await openTestServer((socket) => socket.end('twin'))
    await using dataplane = open()
    const routes = [{ upstream: { target: server.target } }]
    const probe = await openTestServer(() => {})
    const { port } = probe
    await probe[Symbol.asyncDispose]()
    for (const transparent of [false, true, false]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      await dataplane.apply(snapshot(testStreamListener(routes, { port, transparent })))
      // oxlint-disable-next-line no-await-in-loop
      const client = await connectTo(port)
      // oxlint-disable-next-line no-await-in-loop
      expect((await readAll(client)).toString()).toBe('twin')
      client.destroy()
    }
  })

  it('binds 0.0.0.0 and [::] on one port, and a host name', async () => {
    await using dataplane = open()
    await dataplane.apply(snapshot(testStreamListener([], { address: '0.0.0.0' })))
    const { port } = dataplane.listening[0]!
    await dataplane.apply(
      snapshot(
        testStreamListener([], { address: '0.0.0.0' }),
        testStreamListener([], { address: '::', port }),
        testStreamListener([], { address: '::', port: 0, transparent: true }),
        testStreamListener([], { address: 'localhost' }),
      ),
    )
    expect(dataplane.listening.slice(0, 2)).toEqual([
      { address: '0.0.0.0', port },
      { address: '::', port },
    ])
    const client = await connectTo(dataplane.listening[2]!.port, '::1')
    client.destroy()
  })

  it('refuses a listener that is listed twice', async () => {
    await using dataplane = open()
    const twin = testStreamListener([], { port: 19_999 })
    await expect(dataplane.apply(snapshot(twin, twin))).rejects.toThrow(
      'Cannot listen on 127.0.0.1:19999: it is listed twice',
    )
  })

  it('closes the port of a listener that is gone', async () => {
    await using dataplane = open()
    await dataplane.apply(snapshot(testStreamListener([])))
    const { port } = dataplane.listening[0]!
    await dataplane.apply(snapshot())
    await expect(connectTo(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('an HTTPS listener', () => {
  it('presents the certificate for the server name, otherwise the fallback, and agrees on http/1.1', async () => {
    const identities = {
      fallback: selfSigned({ ...kongSubject, commonName: 'fallback.test' }),
      byServerName: new Map([
        ['named.test', await selfSigned({ ...kongSubject, commonName: 'named.test' })],
      ]),
    }
    await using dataplane = open()
    await dataplane.apply(snapshot(testHttpListener([], identities)))
    const { port } = dataplane.listening[0]!
    const visit = async (servername: string, ALPNProtocols: string[]): Promise<unknown[]> => {
      const client = connectTls({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ...(servername === '' ? {} : { servername }),
        ALPNProtocols,
      })
      await once(client, 'secureConnect')
      client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      const text = (await readAll(client)).toString()
      return [client.getPeerCertificate().subject?.CN ?? '', client.alpnProtocol, text.slice(9, 12)]
    }
    expect(await visit('named.test', ['h2', 'http/1.1'])).toEqual(['named.test', 'http/1.1', '404'])
    expect(await visit('', ['h2'])).toEqual(['fallback.test', false, '404'])
  })

  it('answers 400 to a client that speaks no TLS, and closes', async () => {
    const observer = new RecordingObserver()
    await using dataplane = openDataplane({ observer })
    const identities = {
      fallback: new Promise<never>(() => {}),
      byServerName: new Map(),
    }
    await dataplane.apply(snapshot(testHttpListener([], identities)))
    const client = await connectTo(dataplane.listening[0]!.port)
    client.write('GET / HTTP/1.1\r\n\r\n')
    expect((await readAll(client)).toString()).toMatch(/^HTTP\/1\.1 400 [^]*Connection: close\r\n/)
    expect(observer.lines.some((line) => line.startsWith('fault '))).toBe(true)
    client.destroy()
  })
})

describe('drain', () => {
  it('refuses new connections, lets the last one finish and then resolves', async () => {
    await using server = await openTestServer((socket) => socket.pipe(socket))
    await using dataplane = open()
    await dataplane.apply(snapshot(testStreamListener([{ upstream: { target: server.target } }])))
    const { port } = dataplane.listening[0]!
    const client = await connectTo(port)
    client.write('a')
    await once(client, 'data')
    const draining = dataplane.drain(5000)
    await expect(dataplane.drain(20)).resolves.toBe('timeout')
    await expect(connectTo(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    client.end('b')
    expect((await readAll(client)).toString()).toBe('b')
    expect(await draining).toBe('drained')
    expect(dataplane.counters).toEqual({ accepted: 1, active: 0, requests: 0 })
  })

  it('closes idle HTTP connections at once', async () => {
    await using dataplane = open()
    await dataplane.apply(snapshot(testHttpListener([])))
    const client = await connectTo(dataplane.listening[0]!.port)
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await nextText(client)
    expect(dataplane.counters.requests).toBe(1)
    client.on('end', () => client.end())
    client.resume()
    expect(await dataplane.drain(5000)).toBe('drained')
  })
})

describe('disposing', () => {
  it('cuts both legs of what is under way', async () => {
    const upstreamClosed = Promise.withResolvers<void>()
    await using server = await openTestServer((socket) => {
      socket.write('x')
      socket.resume().on('close', upstreamClosed.resolve)
      socket.on('end', () => socket.end())
    })
    const dataplane = open()
    await dataplane.apply(snapshot(testStreamListener([{ upstream: { target: server.target } }])))
    const client = await connectTo(dataplane.listening[0]!.port)
    await once(client, 'data')
    await dataplane[Symbol.asyncDispose]()
    client.on('end', () => client.end())
    client.resume()
    await Promise.all([once(client, 'close'), upstreamClosed.promise])
    expect(dataplane.counters.active).toBe(0)
    await expect(dataplane.apply(snapshot())).rejects.toMatchObject({ code: 'closed' })
  })
})

function open(): Dataplane {
  return openDataplane({ observer: new RecordingObserver() })
}

function snapshot(...listeners: readonly Listener[]): {
  version: string
  listeners: readonly Listener[]
} {
  return { version: '1', listeners }
}

async function nextText(socket: NodeJS.EventEmitter): Promise<string> {
  const [chunk] = await once(socket, 'data')
  return String(chunk)
}
