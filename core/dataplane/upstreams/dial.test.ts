import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { TestSink } from '#core/dataplane/channel/test-sink.ts'
import { openTestServer, type TestServer } from '#core/dataplane/stream/open-test-stream.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { dial, type DialRequest } from './dial.ts'

describe('dial', () => {
  it.each([
    ['an address', { host: '127.0.0.1' }],
    ['a plain source', { host: '127.0.0.1', source: source('127.0.0.78', false) }],
    ['a transparent source', { host: '127.0.0.1', source: source('127.0.0.79', true) }],
  ])('connects with %s', async (_what, wish) => {
    await using server = await openTestServer((socket) => socket.end(`${socket.remoteAddress}`))
    const channel = await dial({ port: server.port, connectTimeoutMs: 5000, ...wish })
    const sink = TestSink.open(channel)
    await sink.hears('end')
    const from = 'source' in wish ? wish.source.address : '127.0.0.1'
    expect(sink.text).toBe(from)
    expect(channel.local.address).toBe(from)
    channel.end()
    await sink.hears('closed')
  })

  it('tells the local end before the peer can have seen the connection', async () => {
    const order: string[] = []
    await using server = await openTestServer((socket) => {
      order.push(`accepted ${socket.remotePort}`)
      socket.end()
    })
    const channel = await dial(request(server), {
      onConnecting: (socket) => order.push(`accepted ${socket.localPort}`),
    })
    const sink = TestSink.open(channel)
    await sink.hears('end')
    expect(order).toEqual([order[0], order[0]])
    channel.reset()
  })

  it('sends the server name and protocols asked for, but never an address as a name', async () => {
    await using server = await openTls((socket) =>
      socket.end(JSON.stringify([socket.servername, socket.alpnProtocol])),
    )
    const visit = async (serverName: string, alpn: string[]): Promise<unknown> => {
      const channel = await dial({ ...request(server), tls: { serverName, alpn } })
      const sink = TestSink.open(channel)
      await sink.hears('end')
      channel.close()
      return [JSON.parse(sink.text), channel.tls?.alpn]
    }
    expect(await visit('b.test', ['kept/1'])).toEqual([['b.test', 'kept/1'], 'kept/1'])
    expect(await visit('127.0.0.1', [])).toEqual([[false, false], undefined])
  })

  it('calls a closed port refused', async () => {
    const server = await openTestServer(() => {})
    await server[Symbol.asyncDispose]()
    await expect(dial(request(server))).rejects.toMatchObject({
      kind: 'refused',
      reason: 'connect() failed (111: Connection refused)',
      message: `Cannot connect to 127.0.0.1:${server.port}: connect() failed (111: Connection refused)`,
    })
  })

  it('calls a source address that is not ours unreachable', async () => {
    await using server = await openTestServer(() => {})
    const failing = dial({ ...request(server), source: source('192.0.2.1', false) })
    await expect(failing).rejects.toMatchObject({
      kind: 'unreachable',
      reason: 'bind() failed (99: Cannot assign requested address)',
    })
  })

  it('calls a peer that speaks no TLS a TLS failure', async () => {
    await using server = await openTestServer((socket) => socket.end('220 plain\r\n'))
    const failing = dial({ ...request(server), tls: { serverName: undefined, alpn: [] } })
    await expect(failing).rejects.toMatchObject({ kind: 'tls' })
  })

  it('gives up after the connect timeout, also within the handshake', async () => {
    await using server = await openTestServer((socket) => socket.resume())
    const failing = dial({
      ...request(server),
      connectTimeoutMs: 50,
      tls: { serverName: undefined, alpn: [] },
    })
    await expect(failing).rejects.toMatchObject({ kind: 'timeout' })
  })

  it('stops when it is no longer wanted', async () => {
    await using server = await openTestServer((socket) => socket.resume())
    const wanted = new AbortController()
    const failing = dial({
      ...request(server),
      tls: { serverName: undefined, alpn: [] },
      signal: wanted.signal,
    })
    setImmediate(() => wanted.abort())
    await expect(failing).rejects.toMatchObject({ kind: 'aborted' })
    await expect(dial({ ...request(server), signal: wanted.signal })).rejects.toMatchObject({
      kind: 'aborted',
    })
  })
})

function request(server: TestServer): DialRequest {
  return { host: '127.0.0.1', port: server.port, connectTimeoutMs: 5000 }
}

function source(address: string, transparent: boolean): NonNullable<DialRequest['source']> {
  return { address, transparent }
}

async function openTls(serve: (socket: TLSSocket) => void): Promise<TestServer> {
  const { certificate: cert, privateKey: key } = await selfSigned(kongSubject)
  return openTestServer(
    () => {},
    () => createTlsServer({ cert, key, ALPNProtocols: ['kept/1'] }, serve),
  )
}
