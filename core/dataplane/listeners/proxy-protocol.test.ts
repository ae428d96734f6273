import { once } from 'node:events'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { readAll } from '#core/dataplane/channel/test-bytes.ts'
import { openDataplane, type Dataplane } from '#core/dataplane/dataplane.ts'
import { testHttpListener } from '#core/dataplane/test-http-listener.ts'
import {
  connectTo,
  openTestServer,
  openTestStream,
  RecordingObserver,
  testStreamListener,
} from '#core/dataplane/stream/open-test-stream.ts'
import type { HttpListener } from '#core/model/listener.ts'
import type { ConnectionInfo, StreamRecord } from '#core/model/observer.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'

const line = 'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n'
const binary = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0a80001c0a8000bdc0401bb', 'hex')
const announced = { address: '192.168.0.1', port: 56_324 }

const greeting = (text: string) => openTestServer((socket) => socket.end(text))

async function say(port: number, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const client = await connectTo(port)
  for (const piece of pieces) {
    client.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const said = (await readAll(client)).toString()
  client.destroy()
  return said
}

/** Tells of each request and stream whose it was. */
class ConnectionObserver extends RecordingObserver {
  readonly connections: ConnectionInfo[] = []
  override streamFinished(record: StreamRecord): void {
    this.connections.push(record.connection)
    super.streamFinished(record)
  }
  override requestFinished(record?: { readonly connection: ConnectionInfo }): void {
    if (record !== undefined) this.connections.push(record.connection)
    super.requestFinished()
  }
}

describe('a stream behind a PROXY header', () => {
  it.each([
    ['version 1', line],
    ['version 2', binary],
  ])('of %s takes the route of the announced client if the peer is trusted', async (_v, header) => {
    await using one = await greeting('for the announced client')
    await using two = await greeting('for the peer')
    const routes = [
      {
        match: { sources: [{ block: '192.168.0.1', port: 56_324 }] },
        upstream: { target: one.target },
      },
      { upstream: { target: two.target } },
    ]
    const proxyProtocol = true
    await using trusting = await openTestStream(routes, {
      proxyProtocol,
      trustedPeers: ['127.0.0.0/8'],
    })
    await using careful = await openTestStream(routes, {
      proxyProtocol,
      trustedPeers: ['10.0.0.1'],
    })
    expect(await say(trusting.port, header)).toBe('for the announced client')
    expect(await say(careful.port, header)).toBe('for the peer')
    await trusting.observer.until('finished')
    expect(trusting.observer.records[0]?.connection).toMatchObject({ client: announced })
    await careful.observer.until('finished')
    expect(careful.observer.records[0]?.connection).toMatchObject({
      client: { address: '127.0.0.1' },
      announced,
    })
  })

  it.each([
    ['UNKNOWN', 'PROXY UNKNOWN\r\n'],
    ['LOCAL', Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')],
  ])('of %s is that of the peer itself', async (_what, header) => {
    await using server = await greeting('served')
    await using proxy = await openTestStream([{ upstream: { target: server.target } }], {
      proxyProtocol: true,
      trustedPeers: ['127.0.0.1'],
    })
    expect(await say(proxy.port, header)).toBe('served')
    await proxy.observer.until('finished')
    expect(proxy.observer.records[0]?.connection.client.address).toBe('127.0.0.1')
    expect(proxy.observer.records[0]?.connection.announced).toBeUndefined()
  })

  it('passes on exactly what follows the header, however it is cut', async () => {
    await using server = await openTestServer((socket) => socket.pipe(socket))
    await using proxy = await openTestStream([{ upstream: { target: server.target } }], {
      proxyProtocol: true,
    })
    const whole = Buffer.concat([binary, Buffer.from('hello')])
    for (const cut of [1, 12, 16, 27, 28, 29]) {
      const client = await connectTo(proxy.port)
      client.write(whole.subarray(0, cut))
      await new Promise((resolve) => setImmediate(resolve))
      client.end(whole.subarray(cut))
      expect((await readAll(client)).toString()).toBe('hello')
    }
  })

  it.each([
    ['something else', 'GET / HTTP/1.1\r\n\r\n'],
    ['a bad address', 'PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n'],
  ])('that is %s is closed with status 400', async (_what, bytes) => {
    await using server = await greeting('never')
    await using proxy = await openTestStream([{ upstream: { target: server.target } }], {
      proxyProtocol: true,
    })
    expect(await say(proxy.port, bytes)).toBe('')
    await proxy.observer.until('finished 400')
    expect(proxy.observer.lines).toContain('fault The client did not begin with a PROXY header')
  })

  it('that ends in its header has status 400, and one that never completes it is closed', async () => {
    await using proxy = await openTestStream([{}], { proxyProtocol: true, handshakeTimeoutMs: 500 })
    const client = await connectTo(proxy.port)
    client.end('PROXY TCP4 1')
    expect((await readAll(client)).length).toBe(0)
    await proxy.observer.until('finished 400')
    expect(await say(proxy.port, 'PROXY TCP4 1')).toBe('')
    await proxy.observer.until('finished 200')
  })

  it('may go on with TLS', async () => {
    const fallback = await selfSigned(kongSubject)
    await using server = await greeting('over TLS')
    await using proxy = await openTestStream(
      [{ match: { expects: 'tls' }, upstream: { target: server.target } }],
      { proxyProtocol: true, identities: { fallback, byServerName: new Map() } },
    )
    const transport = await connectTo(proxy.port)
    transport.write(line)
    const client = connectTls({ socket: transport, rejectUnauthorized: false })
    client.on('error', () => {})
    expect((await readAll(client)).toString()).toBe('over TLS')
    client.destroy()
  })
})

describe('HTTP behind a PROXY header', () => {
  const request = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'

  async function open(change: Partial<HttpListener>): Promise<{
    readonly dataplane: Dataplane
    readonly observer: ConnectionObserver
    readonly port: number
    [Symbol.asyncDispose](): PromiseLike<void>
  }> {
    const observer = new ConnectionObserver()
    const dataplane = openDataplane({ observer })
    const listener = { ...testHttpListener([]), proxyProtocol: true, ...change }
    await dataplane.apply({ version: '1', listeners: [listener] })
    return {
      dataplane,
      observer,
      port: dataplane.listening[0]!.port,
      [Symbol.asyncDispose]: () => dataplane[Symbol.asyncDispose](),
    }
  }

  it('announces the client, and leaves the peer to be the client', async () => {
    await using proxy = await open({})
    for (const header of [line, binary]) {
      expect(
        await say(proxy.port, Buffer.concat([Buffer.from(header), Buffer.from(request)])),
      ).toMatch(/^HTTP\/1.1 404/)
    }
    expect(proxy.observer.connections).toHaveLength(2)
    for (const connection of proxy.observer.connections) {
      expect(connection).toMatchObject({ client: { address: '127.0.0.1' }, announced })
    }
  })

  it('comes before TLS', async () => {
    const fallback = await selfSigned(kongSubject)
    await using proxy = await open({ identities: { fallback, byServerName: new Map() } })
    const transport = await connectTo(proxy.port)
    transport.write(line)
    const client = connectTls({ socket: transport, rejectUnauthorized: false })
    client.on('error', () => {})
    await once(client, 'secureConnect')
    client.write(request)
    expect((await readAll(client)).toString()).toMatch(/^HTTP\/1.1 404/)
    expect(proxy.observer.connections[0]).toMatchObject({ announced })
    client.destroy()
  })

  it('is closed without an answer where there is no header, and served where none is wanted', async () => {
    await using proxy = await open({})
    expect(await say(proxy.port, request)).toBe('')
    expect(proxy.observer.lines).toContain('fault The client did not begin with a PROXY header')
    await using plain = await open({ proxyProtocol: false })
    expect(await say(plain.port, request)).toMatch(/^HTTP\/1.1 404/)
    expect(await say(plain.port, line + request)).toMatch(/^HTTP\/1.1 400/)
  })

  it('lets a snapshot ask for the header of the next connection', async () => {
    await using proxy = await open({ proxyProtocol: false })
    const { port } = proxy
    await proxy.dataplane.apply({
      version: '2',
      listeners: [{ ...testHttpListener([]), port: 0, proxyProtocol: true }],
    })
    expect(await say(port, line + request)).toMatch(/^HTTP\/1.1 404/)
    await proxy.dataplane.apply({ version: '3', listeners: [testStreamListener([])] })
  })
})
