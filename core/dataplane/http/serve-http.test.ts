import { createHash, randomBytes } from 'node:crypto'
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import type { Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { portOf } from '#core/base/loopback-ports.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { openTestProxy, openTestUpstream, type TestRoute } from './open-test-proxy.ts'
import { exchangeRaw, RawClient } from './raw-client.ts'

const get = 'GET /a?b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
const identity = selfSigned(kongSubject)

function to(port: number, route: TestRoute = {}): TestRoute {
  return { ...route, upstream: { ...route.upstream, target: { host: '127.0.0.1', port } } }
}

/** Calls back once a text was received on a socket, with all that was. */
function onText(socket: Socket, text: string, then: (received: string) => void): void {
  let received = ''
  const take = (bytes: Buffer): void => {
    received += bytes.toString('latin1')
    if (!received.includes(text)) return
    socket.off('data', take)
    then(received)
  }
  socket.on('data', take)
}

/** Answers each bodiless request on a connection. */
function answering(answer: (head: string) => string): (socket: Socket) => void {
  return (socket) => {
    let received = ''
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
      for (;;) {
        const end = received.indexOf('\r\n\r\n')
        if (end === -1) return
        socket.write(answer(received.slice(0, end)), 'latin1')
        received = received.slice(end + 4)
      }
    })
  }
}

/** A request that waits for leave to send its body of four bytes. */
const patient = (host: string): string =>
  `POST / HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n`

const ok = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

describe('an answer without a single header whose server closes at once', () => {
  const answer = 'HTTP/1.1 200 OK\r\n\r\nHello from B\n'

  it('reaches the client although the server never read the request', async () => {
    await using upstream = await openTestUpstream((socket) => {
      socket.pause()
      socket.end(answer, () => socket.resetAndDestroy())
    })
    await using proxy = await openTestProxy([to(upstream.port)])
    for (let i = 0; i < 50; i++) {
      expect(await exchangeRaw(proxy.port, get)).toMatch(
        /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nd\r\nHello from B\n\r\n0\r\n\r\n$/,
      )
    }
  })

  it('reaches the client while it still sends a large body', async () => {
    await using upstream = await openTestUpstream((socket) => {
      socket.pause()
      socket.end(answer, () => socket.resetAndDestroy())
    })
    await using proxy = await openTestProxy([to(upstream.port)])
    for (let i = 0; i < 10; i++) {
      using client = await RawClient.open(proxy.port)
      client.send(
        'POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 500000\r\n\r\n',
      )
      client.send('x'.repeat(500_000))
      expect(await client.end()).toContain('Hello from B\n\r\n0\r\n\r\n')
    }
  })

  it('reaches the client from a TLS server', async () => {
    const { certificate, privateKey } = await identity
    const secureContext = createSecureContext({ cert: certificate, key: privateKey })
    await using upstream = await openTestUpstream((socket) => {
      const tls = new TLSSocket(socket, { isServer: true, secureContext })
      tls.on('error', () => {})
      tls.once('secure', () => tls.end(answer, () => socket.destroySoon()))
    })
    await using proxy = await openTestProxy([to(upstream.port, { upstream: { transport: 'tls' } })])
    for (let i = 0; i < 20; i++) {
      expect(await exchangeRaw(proxy.port, get)).toContain('Hello from B\n\r\n0\r\n\r\n')
    }
  })

  it('reaches an HTTP/1.0 client as it stands', async () => {
    await using upstream = await openTestUpstream((socket) => socket.end(answer))
    await using proxy = await openTestProxy([to(upstream.port)])
    const received = await exchangeRaw(proxy.port, 'GET / HTTP/1.0\r\n\r\n')
    expect(received).toMatch(/Connection: close\r\n[^]*\r\n\r\nHello from B\n$/)
    expect(received).not.toContain('chunked')
  })
})

describe('a client connection', () => {
  it('serves one request after the other, pipelined ones in their order, by one upstream connection', async () => {
    await using upstream = await openTestUpstream(
      answering((head) => ok(`you asked ${head.split(' ')[1]}`)),
    )
    await using proxy = await openTestProxy([to(upstream.port)])
    using client = await RawClient.open(proxy.port)
    client.send([1, 2, 3].map((i) => `GET /${i} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''))
    await client.expect('you asked /3')
    client.send('GET /4 HTTP/1.1\r\nHost: h\r\n\r\n')
    const received = await client.expect('you asked /4')
    expect(received.match(/you asked \/\d/g)).toEqual([1, 2, 3, 4].map((i) => `you asked /${i}`))
    expect(upstream.accepted()).toBe(1)
    expect(
      proxy.records.map(({ requestLine, status, bytesToClient }) => [
        requestLine,
        status,
        bytesToClient,
      ]),
    ).toEqual([1, 2, 3, 4].map((i) => [`GET /${i} HTTP/1.1`, 200, 12]))
  })

  it('carries TLS as well', async () => {
    await using upstream = await openTestUpstream(answering((head) => ok(head)))
    await using proxy = await openTestProxy([to(upstream.port)], { identity: await identity })
    const { promise, resolve } = Promise.withResolvers<string>()
    const { request } = await import('node:https')
    const { port } = proxy
    request({ port, rejectUnauthorized: false, headers: { connection: 'close' } }, (response) => {
      let body = ''
      response.on('data', (bytes: Buffer) => (body += bytes.toString()))
      response.on('end', () => resolve(body))
    }).end()
    expect(await promise).toContain('X-Forwarded-Proto: https')
  })

  it('of an HTTP/1.0 client is kept if it asks for it, and chunks are taken apart', async () => {
    await using upstream = await openTestUpstream(
      answering((head) =>
        head.startsWith('GET /chunks')
          ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n'
          : ok('fixed'),
      ),
    )
    await using proxy = await openTestProxy([to(upstream.port)])
    using client = await RawClient.open(proxy.port)
    client.send('GET /fixed HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    await client.expect('Connection: keep-alive')
    client.send('GET /chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    expect(await client.end()).toMatch(/Connection: close\r\n[^]*\r\n\r\nabcde$/)
  })

  it('is answered although the client has closed its sending direction', async () => {
    await using upstream = await openTestUpstream(answering(() => ok('half')))
    await using proxy = await openTestProxy([to(upstream.port)])
    using client = await RawClient.open(proxy.port)
    client.socket.end('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    expect(await client.end()).toMatch(/Connection: close\r\n[^]*half$/)
  })

  it.each([
    ['is reset', (client: RawClient) => client.socket.resetAndDestroy()],
    ['is closed', (client: RawClient) => client.socket.destroy()],
  ])('that %s takes its upstream connection with it', async (_how, leave) => {
    const { promise: gone, resolve } = Promise.withResolvers<void>()
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
    await using upstream = await openTestUpstream((socket) => {
      socket.on('data', () => onAsked())
      socket.on('close', () => resolve())
    })
    await using proxy = await openTestProxy([to(upstream.port)])
    using client = await RawClient.open(proxy.port)
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    await asked
    leave(client)
    await gone
    expect(proxy.records.map(({ status }) => status)).toEqual([499])
  })

  it('that drains finishes its request, then closes; an idle one closes at once', async () => {
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<Socket>()
    await using upstream = await openTestUpstream((socket) => {
      socket.on('data', () => onAsked(socket))
    })
    await using proxy = await openTestProxy([to(upstream.port)])
    using busy = await RawClient.open(proxy.port)
    using idle = await RawClient.open(proxy.port)
    busy.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    const socket = await asked
    await idle.until(() => proxy.connections.length === 2)
    for (const connection of proxy.connections) connection.drain()
    await idle.end()
    expect(busy.ended).toBe(false)
    socket.write(ok('last'))
    expect(await busy.end()).toMatch(/Connection: close\r\n[^]*last$/)
  })
})

describe('a body', () => {
  it.each(['content-length', 'chunked'] as const)(
    'of many megabytes passes both ways unharmed by %s',
    async (framing) => {
      const server = createHttpServer((request, response) => {
        if (framing === 'content-length') {
          response.setHeader('content-length', request.headers['content-length']!)
        }
        request.pipe(response)
      })
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve)
      })
      await using proxy = await openTestProxy([to(portOf(server))])
      const body = randomBytes(12 * 1024 * 1024)
      const hash = createHash('sha256')
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const request = httpRequest(
        {
          port: proxy.port,
          method: 'POST',
          headers: framing === 'chunked' ? {} : { 'content-length': body.length },
        },
        (response) => {
          response.on('data', (bytes: Buffer) => {
            hash.update(bytes)
            // A reader that stops now and then: the echo has to wait, and so has the request.
            response.pause()
            setImmediate(() => response.resume())
          })
          response.on('end', () => resolve())
          response.on('error', reject)
        },
      )
      for (let at = 0; at < body.length; at += 100_000) {
        if (!request.write(body.subarray(at, at + 100_000))) {
          await new Promise((drained) => {
            request.once('drain', drained)
          })
        }
      }
      request.end()
      await promise
      server.close()
      expect(hash.digest('hex')).toBe(createHash('sha256').update(body).digest('hex'))
    },
  )

  it('waits in the server while the client does not read', async () => {
    let sent = 0
    await using upstream = await openTestUpstream((socket) => {
      onText(socket, '\r\n\r\n', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n')
        const piece = Buffer.alloc(64 * 1024)
        const more = (): void => {
          while (socket.write(piece)) sent += piece.length
          socket.once('drain', more)
        }
        more()
      })
    })
    await using proxy = await openTestProxy([to(upstream.port)])
    using client = await RawClient.open(proxy.port)
    client.socket.pause()
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    let before = -1
    let quietSince = performance.now()
    await client.until(() => {
      if (sent !== before) quietSince = performance.now()
      before = sent
      return sent > 0 && performance.now() - quietSince > 200
    })
    expect(sent).toBeLessThan(30_000_000)
    client.socket.resume()
    await client.until(() => sent > before)
  })

  it('is asked for when the client waits for leave, and only when there is somebody to take it', async () => {
    await using upstream = await openTestUpstream((socket) => {
      onText(socket, 'body', (received) =>
        socket.end(ok(received.includes('Expect') ? 'bad' : 'got it')),
      )
    })
    await using proxy = await openTestProxy([to(upstream.port, { match: { hosts: ['h'] } })])
    using client = await RawClient.open(proxy.port)
    client.send(patient('h'))
    await client.expect('HTTP/1.1 100 Continue\r\n\r\n')
    client.send('body')
    expect(await client.expect('got it')).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/,
    )
    const refused = await exchangeRaw(proxy.port, patient('nobody'))
    expect(refused).toMatch(/^HTTP\/1\.1 404 [^]*Connection: close/)
  })

  it('that is no longer wanted is thrown away, and the connection serves the next request', async () => {
    await using upstream = await openTestUpstream((socket) => {
      onText(socket, '\r\n\r\n', (received) => socket.write(ok(received.split(' ')[1]!)))
    })
    await using proxy = await openTestProxy([to(upstream.port)])
    using client = await RawClient.open(proxy.port)
    client.send('POST /early HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    await client.expect('/early')
    client.send('3\r\ndef\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n')
    expect(await client.expect('/next')).toMatch(/\/early[^]*\/next$/)
  })

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'Content-Length: 5'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "x"\r\n\r\n', 'ETag: "x"'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 'HTTP/1.1 204 No Content'],
  ])('is not awaited after %s and %j', async (method, answer, expected) => {
    await using upstream = await openTestUpstream(
      answering((head) => (head.includes('/last') ? ok('last') : answer)),
    )
    await using proxy = await openTestProxy([to(upstream.port)])
    using client = await RawClient.open(proxy.port)
    client.send(`${method} /first HTTP/1.1\r\nHost: h\r\n\r\nGET /last HTTP/1.1\r\nHost: h\r\n\r\n`)
    const received = await client.expect('last')
    expect(received).toContain(expected)
    expect(received.match(/HTTP\/1\.1 /g)).toHaveLength(2)
    expect(upstream.accepted()).toBe(1)
  })

  it('that ends too early is cut off for the client as well', async () => {
    await using upstream = await openTestUpstream((socket) => {
      onText(socket, '\r\n\r\n', (received) =>
        socket.end(
          received.includes('/chunks')
            ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'
            : 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc',
        ),
      )
    })
    await using proxy = await openTestProxy([to(upstream.port)])
    for (const path of ['/fixed', '/chunks']) {
      using client = await RawClient.open(proxy.port)
      client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)
      const received = await client.end()
      expect(received).toContain('abc')
      expect(received).not.toMatch(/abc\r\n0/)
    }
  })
})

describe('an upgrade', () => {
  it('to WebSocket joins both connections, whoever speaks first and ends first', async () => {
    await using upstream = await openTestUpstream((socket) => {
      onText(socket, '\r\n\r\n', (received) => {
        expect(received).toMatch(/Connection: upgrade\r\n[^]*Upgrade: websocket\r\n/)
        socket.write(
          'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst',
        )
        socket.on('data', (bytes) => socket.write(bytes.toString().toUpperCase()))
        socket.on('end', () => socket.end('bye'))
      })
    })
    await using proxy = await openTestProxy([to(upstream.port)])
    using client = await RawClient.open(proxy.port)
    client.send(
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\nearly ',
    )
    const received = await client.expect('EARLY ')
    expect(received).toMatch(
      /^HTTP\/1\.1 101 Switching\r\n[^]*Connection: upgrade\r\n[^]*\r\n\r\nfirstEARLY $/,
    )
    client.send('ping')
    await client.expect('PING')
    client.socket.end()
    expect(await client.end()).toMatch(/PINGbye$/)
    await client.until(() => proxy.records.length === 1)
    expect(proxy.records[0]?.status).toBe(101)
  })

  it('that the server declines leaves an ordinary answer', async () => {
    await using upstream = await openTestUpstream(answering(() => ok('no')))
    await using proxy = await openTestProxy([to(upstream.port)])
    using client = await RawClient.open(proxy.port)
    const request = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    client.send(request + request)
    expect(
      await client.until(
        ({ received }) =>
          (received.match(/no$/gm) ?? []).length > 0 && received.split('200 OK').length === 3,
      ),
    ).toMatch(/no$/)
  })

  it('that nobody asked for is an invalid response', async () => {
    await using upstream = await openTestUpstream(
      answering((head) => {
        expect(head).not.toMatch(/upgrade/i)
        return 'HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n'
      }),
    )
    await using proxy = await openTestProxy([to(upstream.port)])
    const answer = await exchangeRaw(
      proxy.port,
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1\.1 502 /)
  })
})

describe('a request', () => {
  it('reaches the upstream rewritten and with its query', async () => {
    await using upstream = await openTestUpstream(answering((head) => ok(head.split('\r\n')[0]!)))
    const route = to(upstream.port, {
      match: { paths: [{ kind: 'prefix', prefix: '/mock' }] },
      forward: { basePath: '/path', stripPath: true },
    })
    await using proxy = await openTestProxy([route])
    const asked = async (target: string): Promise<string> =>
      (
        await exchangeRaw(
          proxy.port,
          `GET ${target} HTTP/1.1\r\nHost: ${target.startsWith('/') ? 'h' : 'other'}\r\nConnection: close\r\n\r\n`,
        )
      ).split('\r\n\r\n')[1]!
    expect(await asked('/mock/a%20b?x=1&y')).toBe('GET /path/a%20b?x=1&y HTTP/1.1')
    expect(await asked('/mock?')).toBe('GET /path? HTTP/1.1')
    expect(await asked('http://other/mock/z')).toBe('GET /path/z HTTP/1.1')
  })

  it('without a service goes to the host that it names', async () => {
    await using upstream = await openTestUpstream(answering((head) => ok(head)))
    await using proxy = await openTestProxy([
      { forward: { preserveHost: true }, upstream: { transport: 'same-as-client' } },
    ])
    const byHost = await exchangeRaw(
      proxy.port,
      `GET /p?q HTTP/1.1\r\nHost: localhost:${upstream.port}\r\nConnection: close\r\n\r\n`,
    )
    expect(byHost).toContain(`GET /p?q HTTP/1.1\r\nHost: localhost:${upstream.port}\r\n`)
    const byTarget = await exchangeRaw(
      proxy.port,
      `GET http://127.0.0.1:${upstream.port}/p HTTP/1.1\r\nHost: 127.0.0.1:${upstream.port}\r\nConnection: close\r\n\r\n`,
    )
    expect(byTarget).toContain(`GET /p HTTP/1.1\r\nHost: 127.0.0.1:${upstream.port}\r\n`)
  })
})
