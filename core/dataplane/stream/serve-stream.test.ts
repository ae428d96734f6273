import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { patternedBytes, readAll, sha256 } from '#core/dataplane/channel/test-bytes.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { connectTo, openTestServer, openTestStream, type TestServer } from './open-test-stream.ts'

const fallback = await selfSigned({ ...kongSubject, commonName: 'fallback.test' })
const named = await selfSigned({ ...kongSubject, commonName: 'named.test' })
const identities = { fallback, byServerName: new Map([['named.test', named]]) }

describe('a stream whose route is clear from its ends', () => {
  it('serves a server that speaks first without a client byte and without waiting', async () => {
    await using server = await openTestServer((socket) => socket.end('220 welcome\r\n'))
    await using proxy = await openTestStream([to(server)], { firstBytesTimeoutMs: 60_000 })
    const client = await connectTo(proxy.port)
    expect(await readText(client)).toBe('220 welcome\r\n')
    client.end()
    await proxy.observer.until('finished')
    expect(proxy.observer.lines).toEqual(['accepted', 'dialing 1 127.0.0.1', 'finished 200'])
    expect(proxy.observer.records[0]).toMatchObject({ bytesToClient: 13, bytesFromClient: 0 })
  })

  it('passes 20 MB both ways at once, then each end by itself', { timeout: 120_000 }, async () => {
    await using server = await openTestServer((socket) => socket.pipe(socket))
    await using proxy = await openTestStream([to(server)])
    const client = await connectTo(proxy.port)
    const bytes = patternedBytes(20 * 1024 * 1024)
    client.end(bytes)
    expect(sha256(await readAll(client))).toBe(sha256(bytes))
    await proxy.observer.until('finished 200')
    expect(proxy.observer.records[0]).toMatchObject({
      bytesToClient: bytes.length,
      bytesFromClient: bytes.length,
    })
  })

  it('lets the server answer after the client has ended', async () => {
    await using server = await openTestServer((socket) => {
      void readText(socket).then((text) => socket.end(`got ${text}`))
    })
    await using proxy = await openTestStream([to(server)])
    const client = await connectTo(proxy.port)
    client.end('all')
    expect(await readText(client)).toBe('got all')
  })

  it('lets the client go on after the server has ended', async () => {
    const received = Promise.withResolvers<string>()
    await using server = await openTestServer((socket) => {
      socket.end('bye')
      void readText(socket).then(received.resolve)
    })
    await using proxy = await openTestStream([to(server)])
    const client = await connectTo(proxy.port)
    expect(await readText(client)).toBe('bye')
    client.end('one more thing')
    expect(await received.promise).toBe('one more thing')
  })

  it('never loses the answer of a server that closes without reading, and ends the client in order', async () => {
    await using server = await openTestServer((socket) => {
      socket.pause()
      socket.write('Hello from the service\n', () => socket.destroy())
    })
    await using proxy = await openTestStream([to(server)])
    for (let round = 0; round < 50; round++) {
      // oxlint-disable-next-line no-await-in-loop -- one connection after the other
      const client = await connectTo(proxy.port)
      const errors: Error[] = []
      client.on('error', (error) => errors.push(error))
      const writing = setInterval(() => client.write('some text the service never reads\n'), 0)
      // oxlint-disable-next-line no-await-in-loop
      const answer = await readText(client)
      clearInterval(writing)
      client.destroy()
      expect(answer).toBe('Hello from the service\n')
      expect(errors).toEqual([])
    }
  })

  it('passes a reset of the client on to the server', async () => {
    const seen = Promise.withResolvers<unknown>()
    await using server = await openTestServer((socket) => {
      socket.write('x')
      socket.resume().on('error', seen.resolve)
    })
    await using proxy = await openTestStream([to(server)])
    const client = await connectTo(proxy.port)
    await once(client, 'data')
    client.resetAndDestroy()
    expect(await seen.promise).toMatchObject({ code: 'ECONNRESET' })
  })

  it('passes a reset of a server that has not answered on to the client', async () => {
    await using server = await openTestServer((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    await using proxy = await openTestStream([to(server)])
    const client = await connectTo(proxy.port)
    client.write('x')
    client.resume()
    const [error] = (await once(client, 'error')) as unknown[]
    expect(error).toMatchObject({ code: 'ECONNRESET' })
  })

  it('slows a fast server down for a client that does not read', async () => {
    let sent = 0
    const full = Promise.withResolvers<void>()
    await using server = await openTestServer((socket) => {
      const chunk = Buffer.alloc(64 * 1024)
      const send = (): void => {
        while (socket.write(chunk)) sent += chunk.length
        const timer = setTimeout(full.resolve, 300)
        socket.once('drain', () => {
          clearTimeout(timer)
          send()
        })
      }
      send()
    })
    await using proxy = await openTestStream([to(server)])
    const client = await connectTo(proxy.port)
    client.pause()
    await full.promise
    expect(sent).toBeLessThan(64 * 1024 * 1024)
    client.destroy()
  })

  it('gives TLS to a client that begins it although the route was written for plain ones', async () => {
    await using server = await openTestServer((socket) => socket.pipe(socket))
    await using proxy = await openTestStream([to(server)], { identities })
    const client = connectTls({ port: proxy.port, host: '127.0.0.1', rejectUnauthorized: false })
    client.end('hello')
    expect(await readText(client)).toBe('hello')
    await proxy.observer.until('finished 200')
    expect(proxy.observer.lines).toContain('terminating -')
  })

  it('passes bytes that look like TLS once the server has spoken', async () => {
    const received = Promise.withResolvers<Buffer>()
    await using server = await openTestServer((socket) => {
      socket.write('ready')
      socket.once('data', received.resolve)
    })
    await using proxy = await openTestStream([to(server)])
    const client = await connectTo(proxy.port)
    await once(client, 'data')
    const hello = Buffer.from('16030100050100000100', 'hex')
    client.write(hello)
    expect(await received.promise).toEqual(hello)
    client.destroy()
  })

  it('passes bytes on that only begin like TLS', async () => {
    await using server = await openTestServer((socket) => socket.pipe(socket))
    await using proxy = await openTestStream([to(server)], { firstBytesTimeoutMs: 50 })
    const client = await connectTo(proxy.port)
    client.write(Buffer.from([0x16]))
    const [byte] = await once(client, 'data')
    expect(byte).toEqual(Buffer.from([0x16]))
    client.destroy()
  })
})

describe('a stream whose route depends on first bytes', () => {
  const onlyNamed = { match: { serverNames: ['named.test'], expects: 'tls' } } as const

  it('goes by the server name, which is compared in lower case', async () => {
    await using one = await openTestServer((socket) => socket.end('one'))
    await using two = await openTestServer((socket) => socket.end('two'))
    await using proxy = await openTestStream(
      [
        { match: onlyNamed.match, ...to(one) },
        { match: { expects: 'tls' }, ...to(two) },
      ],
      { identities },
    )
    expect(await readTls(proxy.port, 'NAMED.test')).toEqual({ text: 'one', subject: 'named.test' })
    expect(await readTls(proxy.port, 'other.test')).toEqual({
      text: 'two',
      subject: 'fallback.test',
    })
    expect(await readTls(proxy.port, undefined)).toEqual({ text: 'two', subject: 'fallback.test' })
  })

  it('takes a silent client for a plain one without a server name', async () => {
    await using server = await openTestServer((socket) => socket.end('plain'))
    await using proxy = await openTestStream(
      [onlyNamed, { match: { expects: 'tls' }, ...to(server) }],
      {
        firstBytesTimeoutMs: 50,
      },
    )
    expect(await readText(await connectTo(proxy.port))).toBe('plain')
  })

  it('closes without a byte when no route takes it', async () => {
    await using proxy = await openTestStream([onlyNamed], { identities })
    const client = await connectTo(proxy.port)
    client.write('not TLS')
    expect(await readText(client)).toBe('')
    client.end()
    await proxy.observer.until('finished')
    expect(proxy.observer.lines).toEqual(['accepted', 'unrouted stream', 'finished 500'])
  })

  it('reports a handshake that fails and closes', async () => {
    await using server = await openTestServer((socket) => socket.end('never'))
    await using proxy = await openTestStream([{ match: { expects: 'tls' }, ...to(server) }], {
      identities,
    })
    const client = connectTls({
      port: proxy.port,
      host: '127.0.0.1',
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1.1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    })
    await once(client, 'error')
    await proxy.observer.until('finished 500')
    expect(proxy.observer.lines[2]).toMatch(/^fault TLS handshake with the client failed: /)
  })
})

describe('the upstream leg of a stream', () => {
  it('is TLS without a server name and without ALPN where the service says tls', async () => {
    await using server = await openTlsServer((socket) =>
      socket.end(JSON.stringify([socket.servername, socket.alpnProtocol])),
    )
    await using proxy = await openTestStream([
      { upstream: { target: server.target, transport: 'tls' } },
    ])
    expect(JSON.parse(await readText(await connectTo(proxy.port)))).toEqual([false, false])
  })

  it('is TLS for a serviceless route exactly if the client uses it', async () => {
    await using plain = await openTestServer((socket) => socket.end('plain'))
    await using secure = await openTlsServer((socket) => socket.end('tls'))
    const same = { transport: 'same-as-client' } as const
    await using toPlain = await openTestStream([{ upstream: { ...same, target: plain.target } }])
    expect(await readText(await connectTo(toPlain.port))).toBe('plain')
    for (const expects of ['plain', 'either'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      await using toTls = await openTestStream(
        [{ match: { expects }, upstream: { ...same, target: secure.target } }],
        { identities },
      )
      // oxlint-disable-next-line no-await-in-loop
      expect(await readTls(toTls.port, undefined)).toMatchObject({ text: 'tls' })
    }
  })

  it('is tried again as often as the route allows, then the client is closed', async () => {
    const gone = await openTestServer(() => {})
    await gone[Symbol.asyncDispose]()
    await using proxy = await openTestStream([{ upstream: { target: gone.target, retries: 2 } }])
    const client = await connectTo(proxy.port)
    expect(await readText(client)).toBe('')
    client.end()
    await proxy.observer.until('finished')
    const refused = 'connect() failed (111: Connection refused)'
    expect(proxy.observer.lines).toEqual([
      'accepted',
      'dialing 1 127.0.0.1',
      `failed 1 ${refused}`,
      'dialing 2 127.0.0.1',
      `failed 2 ${refused}`,
      'dialing 3 127.0.0.1',
      `failed 3 ${refused}`,
      'finished 502',
    ])
  })

  it('comes from the source address that the route names', async () => {
    await using server = await openTestServer((socket) => socket.end(String(socket.remoteAddress)))
    await using proxy = await openTestStream([
      {
        upstream: { target: server.target, source: { address: '127.0.0.77', transparent: false } },
      },
    ])
    expect(await readText(await connectTo(proxy.port))).toBe('127.0.0.77')
  })

  it('comes from the address of its client where the route keeps it', async () => {
    await using server = await openTestServer((socket) => socket.end(String(socket.remoteAddress)))
    await using proxy = await openTestStream([
      { upstream: { target: server.target, source: 'client' } },
    ])
    for (const localAddress of ['127.0.0.78', '127.0.0.79']) {
      const client = connect({ port: proxy.port, host: '127.0.0.1', localAddress })
      expect(await readText(client)).toBe(localAddress)
    }
  })

  it('is cut when no byte moves for the read timeout', async () => {
    await using server = await openTestServer((socket) => socket.write('hi'))
    await using proxy = await openTestStream([
      { upstream: { target: server.target, readTimeoutMs: 500 } },
    ])
    const client = await connectTo(proxy.port)
    expect(await readText(client)).toBe('hi')
    client.end()
    await proxy.observer.until('finished 200')
    expect(proxy.observer.lines.at(-2)).toBe(
      'fault stream timed out (110: Connection timed out): no byte moved either way for 500 ms',
    )
  })
})

function to(server: TestServer): { readonly upstream: { readonly target: TestServer['target'] } } {
  return { upstream: { target: server.target } }
}

function openTlsServer(serve: (socket: TLSSocket) => void): Promise<TestServer> {
  const { certificate: cert, privateKey: key } = fallback
  return openTestServer(
    () => {},
    () => createTlsServer({ cert, key, ALPNProtocols: ['kept/1'] }, serve),
  )
}

async function readText(socket: Parameters<typeof readAll>[0]): Promise<string> {
  return (await readAll(socket)).toString()
}

async function readTls(
  port: number,
  servername: string | undefined,
): Promise<{ readonly text: string; readonly subject: string }> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
  })
  await once(socket, 'secureConnect')
  const subject = String(socket.getPeerCertificate().subject.CN)
  socket.on('error', () => {})
  const text = await readText(socket)
  socket.end()
  return { text, subject }
}
