import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import { dial } from '#core/dataplane/upstreams/dial.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { secureContext } from '#core/tls/secure-contexts.ts'
import { portOf } from '#core/base/loopback-ports.ts'
import { adoptSocket } from './adopt-socket.ts'
import { describeChannel, type ChannelPair } from './channel-suite.ts'
import { startServerTls } from './start-tls.ts'
import { TestSink } from './test-sink.ts'

const identity = await selfSigned(kongSubject)
const { certificate: cert, privateKey: key } = identity
await using stack = new AsyncDisposableStack()
const servers = stack.move()
afterAll(() => servers.disposeAsync())

const plainServer = await listen(
  createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }),
)
const tlsServer = await listen(createTlsServer({ allowHalfOpen: true, cert, key }))

describeChannel({ name: 'accepted plain', tls: false, open: openAccepted })

describeChannel({
  name: 'dialled plain',
  tls: false,
  open: async () => {
    const accepting = once(plainServer, 'connection')
    const channel = await dial({
      host: '127.0.0.1',
      port: portOf(plainServer),
      connectTimeoutMs: 5000,
    })
    const [peer] = await accepting
    return { channel, peer, peerTransport: peer }
  },
})

describeChannel({
  name: 'TLS server',
  tls: true,
  open: async () => {
    const accepted = await openAccepted()
    const peer = connectTls({ socket: accepted.peer, rejectUnauthorized: false })
    const securing = once(peer, 'secureConnect')
    // What a proxy does that looks at the ClientHello first: read it and put it back.
    const sink = TestSink.open(accepted.channel)
    await sink.hears('bytes')
    accepted.channel.pause()
    accepted.channel.unread(sink.received)
    const channel = await startServerTls(accepted.channel, {
      secureContext: secureContext(identity),
      alpn: [],
      signal: AbortSignal.timeout(30_000),
    })
    await securing
    peer.pause()
    return { channel, peer, peerTransport: accepted.peer }
  },
})

describeChannel({
  name: 'TLS client',
  tls: true,
  open: async () => {
    const raw = once(tlsServer, 'connection')
    const accepting = once(tlsServer, 'secureConnection')
    const channel = await dial({
      host: '127.0.0.1',
      port: portOf(tlsServer),
      connectTimeoutMs: 5000,
      tls: { serverName: undefined, alpn: [] },
    })
    const [[peer], [peerTransport]] = await Promise.all([accepting, raw])
    peer.pause()
    return { channel, peer, peerTransport }
  },
})

describe('reset of a plain channel', () => {
  it('makes the peer see a reset rather than an end', async () => {
    const { channel, peer } = await openAccepted()
    TestSink.open(channel)
    channel.reset()
    peer.resume()
    const [error] = await once(peer, 'error')
    expect(error).toMatchObject({ code: 'ECONNRESET' })
  })

  it('still resets while the shutdown of its own direction is under way', async () => {
    const { channel, peer } = await openAccepted()
    const sink = TestSink.open(channel)
    channel.end()
    channel.reset()
    peer.resume()
    await sink.hears('closed')
    // The end comes before the reset, and hides it until the peer writes: at once, not after a round trip.
    peer.on('error', () => {})
    const error = await new Promise((resolve) => peer.write('x', resolve))
    expect(error).toMatchObject({ syscall: 'write' })
  })
})

describe('a reset close behind the last bytes', () => {
  it('is reported after the bytes, not taken for an orderly end', async () => {
    const { channel, peer } = await openAccepted()
    peer.write('last words')
    await new Promise((resolve) => peer.write('', resolve))
    peer.resetAndDestroy()
    await once(peer, 'close')
    const sink = TestSink.open(channel)
    await sink.hears('closed')
    expect(sink.text).toBe('last words')
    expect(sink.fault).toMatchObject({ code: 'ECONNRESET' })
  })
})

async function openAccepted(): Promise<ChannelPair & { channel: ReturnType<typeof adoptSocket> }> {
  const accepting = once(plainServer, 'connection')
  const peer = connect({
    port: portOf(plainServer),
    host: '127.0.0.1',
    allowHalfOpen: true,
    noDelay: true,
  })
  peer.pause()
  const [accepted] = await accepting
  await (peer.connecting ? once(peer, 'connect') : undefined)
  return { channel: adoptSocket(accepted), peer, peerTransport: peer }
}

async function listen<server extends Server>(server: server): Promise<server> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.defer(async () => {
    server.close()
    await once(server, 'close')
  })
  return server
}
