import { createHash } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { HttpSettings } from '#core/model/listener.ts'
import { openTestServer } from '#core/dataplane/stream/open-test-stream.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import {
  openTestProxy,
  openTestUpstream,
  testChain,
  type TestProxyOptions,
  type TestRoute,
} from './open-test-proxy.ts'
import { joinedPaths } from './joined-paths.ts'
import { exchangeRaw, RawClient } from './raw-client.ts'

const identity = selfSigned(kongSubject)

/** A server that answers each request with its head. */
function openEcho(): ReturnType<typeof openTestUpstream> {
  return openTestUpstream((socket) => {
    socket.on('data', (bytes) => {
      const head = bytes.toString('latin1').split('\r\n\r\n')[0]!
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${head.length}\r\n\r\n${head}`, 'latin1')
    })
  })
}

function to(port: number, route: TestRoute = {}): TestRoute {
  return { ...route, upstream: { ...route.upstream, target: { host: '127.0.0.1', port } } }
}

function get(target: string, ...lines: readonly string[]): string {
  return ['GET ', target, ' HTTP/1.1', '\r\n', ...lines.map((line) => `${line}\r\n`)]
    .join('')
    .concat('Connection: close\r\n\r\n')
}

/** The head that an upstream got of a request, line by line. */
async function forwarded(
  text: string,
  route: TestRoute = {},
  options: TestProxyOptions = {},
): Promise<readonly string[]> {
  await using upstream = await openEcho()
  await using proxy = await openTestProxy([to(upstream.port, route)], options)
  const answer = await exchangeRaw(proxy.port, text)
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  return answer.slice(answer.indexOf('\r\n\r\n') + 4).split('\r\n')
}

/** The first answer to a text, from a proxy in front of a server that listens nowhere. */
async function answered(
  text: string,
  routes: readonly TestRoute[],
  settings: Partial<HttpSettings> = {},
): Promise<string> {
  await using proxy = await openTestProxy(routes, { settings })
  return await exchangeRaw(proxy.port, text)
}

describe('a request is taken', () => {
  it('case 156: by a route with its method only', async () => {
    const routes = [{ match: { hosts: ['h'], methods: ['GET'] } }]
    expect(
      await answered('POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', routes),
    ).toMatch(/^HTTP\/1\.1 404 /)
    const methods = { match: { hosts: ['h'], methods: ['GET'] } }
    expect((await forwarded(get('/', 'Host: h'), methods))[0]).toBe('GET / HTTP/1.1')
  })

  it('case 157: without Host when it is HTTP/1.0, while HTTP/1.1 needs one', async () => {
    const route = { match: { paths: [{ kind: 'prefix', prefix: '/' } as const] } }
    const [line] = await forwarded('GET /x HTTP/1.0\r\n\r\n', route)
    expect(line).toBe('GET /x HTTP/1.1')
    expect(await answered('GET /x HTTP/1.1\r\n\r\n', [route])).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('case 158: by host, whatever the port', async () => {
    const lines = await forwarded(get('/', 'Host: domain-1.org:123'), {
      match: { hosts: ['domain-1.org'] },
    })
    expect(lines[0]).toBe('GET / HTTP/1.1')
  })
})

describe('the path upstream', () => {
  it.each(joinedPaths)(
    'case 173: joins base %s, route path %s and request %s to %s when stripping, else %s',
    async (basePath, prefix, asked, stripped, kept) => {
      await using upstream = await openEcho()
      const routes = [true, false].map((stripPath) =>
        to(upstream.port, {
          match: {
            hosts: [stripPath ? 'strip' : 'keep'],
            ...(prefix === undefined ? {} : { paths: [{ kind: 'prefix', prefix }] }),
          },
          forward: { basePath, stripPath },
        }),
      )
      await using proxy = await openTestProxy(routes)
      expect(await exchangeRaw(proxy.port, get(asked, 'Host: strip'))).toContain(
        `\r\n\r\nGET ${stripped} HTTP/1.1\r\n`,
      )
      expect(await exchangeRaw(proxy.port, get(asked, 'Host: keep'))).toContain(
        `\r\n\r\nGET ${kept} HTTP/1.1\r\n`,
      )
    },
  )

  it.each([
    ['prefix', '/endel%C3%B8st', '/endel%C3%B8st/x%2Fy', '/x%2Fy'],
    ['regex', '/users/\\d+/profile', '/users/123/profile/hello', '/hello'],
    ['regex', '/users/(\\d+)/profile', '/users/1/profile', '/'],
  ] as const)(
    'case 174: loses what a %s (%s) matched of %s, again and again, and keeps its encoding',
    async (kind, source, asked, path) => {
      await using upstream = await openEcho()
      const route = to(upstream.port, {
        match: { paths: [kind === 'prefix' ? { kind, prefix: source } : { kind, source }] },
        forward: { basePath: '/', stripPath: true },
      })
      await using proxy = await openTestProxy([route])
      using client = await RawClient.open(proxy.port)
      for (let round = 1; round <= 3; round++) {
        client.send(`GET ${asked} HTTP/1.1\r\nHost: h\r\n\r\n`)
        // oxlint-disable-next-line no-await-in-loop -- one request after the other
        await client.until(
          ({ received }) => received.split(`GET ${path} HTTP/1.1\r\n`).length === round + 1,
        )
      }
    },
  )

  it.each(['?foo=bar', '?', '?hello', '?a=b%20c&d=%C3%B8'])(
    'case 176: keeps the query %s',
    async (query) => {
      const [line] = await forwarded(get(`/get${query}`, 'Host: h'))
      expect(line).toBe(`GET /get${query} HTTP/1.1`)
    },
  )

  it.each(['/endel%C3%B8st', '/foo/..%2fbar', '/foo/../bar//x/./y'])(
    'case 177: %s is matched and forwarded as it was received',
    async (path) => {
      const route = { match: { paths: [{ kind: 'prefix', prefix: path } as const] } }
      expect((await forwarded(get(path, 'Host: h'), route))[0]).toBe(`GET ${path} HTTP/1.1`)
      expect(await answered(get(decodeURI(path).normalize() + 'x', 'Host: h'), [])).toMatch(
        /^HTTP\/1\.1 4/,
      )
    },
  )

  it.each([
    ['prefix', true, '/mock1', '/path'],
    ['prefix', false, '/mock1', '/pathmock1'],
    ['regex', true, '/mock\\d', '/path'],
  ] as const)(
    'case 178: is the service’s, joined by the rules, with a %s and strip_path %s',
    async (kind, stripPath, source, path) => {
      const [line] = await forwarded(get('/mock1', 'Host: h'), {
        match: { paths: [kind === 'prefix' ? { kind, prefix: source } : { kind, source }] },
        forward: { basePath: '/path', stripPath },
      })
      expect(line).toBe(`GET ${path} HTTP/1.1`)
    },
  )

  it.each([
    '/get/ORION%20-%20Ultimate?limit=25&where=%7B%22or%22:%5B%7B%22name%22:%7B%22like%22:%22%25bac%25%22%7D%7D%5D%7D',
    '/stores/-6fa7%2Fx?param=1.2.3&param%5B%5D=%2B',
    '/foo%20bar/%7B%7D/a;b=c,d?x=%26&y=a+b',
    '/get/%E6%BC%A2?q=%',
  ])('case 179: %s is forwarded byte for byte', async (target) => {
    expect((await forwarded(get(target, 'Host: h')))[0]).toBe(`GET ${target} HTTP/1.1`)
  })
})

describe('Host upstream', () => {
  it.each(['preserved.com', 'preserved.com:80', 'Preserved.com:123'])(
    'case 175: is %s as received when it is preserved',
    async (host) => {
      const lines = await forwarded(get('/', `Host: ${host}`), { forward: { preserveHost: true } })
      expect(lines).toContain(`Host: ${host}`)
    },
  )

  it('case 175: is the service’s, with its port unless that is the default one', async () => {
    await using upstream = await openEcho()
    await using proxy = await openTestProxy([to(upstream.port)])
    expect(await exchangeRaw(proxy.port, get('/', 'Host: preserved.com:123'))).toContain(
      `\r\nHost: 127.0.0.1:${upstream.port}\r\n`,
    )
  })
})

describe('forwarding headers', () => {
  const claims = [
    'Host: Service.com:99',
    'X-Real-IP: 10.0.0.1',
    'X-Forwarded-For: 10.0.0.1',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: example.com',
    'X-Forwarded-Port: 80',
  ]
  const about = (lines: readonly string[]): readonly string[] =>
    lines
      .filter((line) => line.startsWith('X-'))
      .map((line) => line.replace(/Port: \d{4,}/, 'Port: own'))

  it('case 191: of a trusted peer are kept', async () => {
    const trusted = { settings: { trustedPeers: ['127.0.0.1'] } }
    expect(about(await forwarded(get('/', ...claims), {}, trusted))).toEqual([
      'X-Real-IP: 10.0.0.1',
      'X-Forwarded-For: 10.0.0.1, 127.0.0.1',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: example.com',
      'X-Forwarded-Port: 80',
    ])
  })

  it('case 192: of anybody else are written anew', async () => {
    const settings = { settings: { trustedPeers: ['10.0.0.1'] } }
    expect(about(await forwarded(get('/', ...claims), {}, settings))).toEqual([
      'X-Real-IP: 127.0.0.1',
      'X-Forwarded-For: 10.0.0.1, 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: service.com',
      'X-Forwarded-Port: own',
    ])
  })

  it('case 193: name the last client in a row that nobody vouches for', async () => {
    const settings: Partial<HttpSettings> = {
      trustedPeers: ['127.0.0.1', '172.16.0.1', '192.168.0.1'],
      realIp: { from: { header: 'X-Forwarded-For' }, recursive: true },
    }
    const row = '127.0.0.1, 10.0.0.1, 192.168.0.1, 127.0.0.1, 172.16.0.1'
    const lines = await forwarded(get('/', 'Host: h', `X-Forwarded-For: ${row}`), {}, { settings })
    expect(lines).toContain('X-Real-IP: 10.0.0.1')
    expect(lines).toContain(`X-Forwarded-For: ${row}, 127.0.0.1`)
  })
})

describe('without a service', () => {
  const serviceless: TestRoute = {
    forward: { preserveHost: true },
    upstream: { transport: 'same-as-client' },
  }

  it('case 36: a plain request goes where its request line says', async () => {
    await using upstream = await openEcho()
    await using proxy = await openTestProxy([serviceless])
    const host = `127.0.0.1:${upstream.port}`
    const answer = await exchangeRaw(proxy.port, get(`http://${host}/anything`, `Host: ${host}`))
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\r\nVia: test\/1\r\n/)
    expect(answer).toContain('\r\n\r\nGET /anything HTTP/1.1\r\n')
    expect(`${answer}\r\n`).toContain(`\r\nX-Forwarded-Port: ${proxy.port}\r\n`)
    expect(answer).toContain('\r\nX-Forwarded-Proto: http\r\n')
  })

  it('case 37: a request over TLS goes on in the clear where its request line says so', async () => {
    await using upstream = await openEcho()
    await using proxy = await openTestProxy([serviceless], { identity: await identity })
    const host = `127.0.0.1:${upstream.port}`
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const sent = httpsRequest(
      {
        port: proxy.port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        path: `http://${host}/anything`,
        headers: { host, connection: 'close' },
      },
      (response) => {
        let body = ''
        response.on('data', (bytes: Buffer) => (body += bytes.toString()))
        response.on('end', () => resolve(`${response.statusCode} ${response.headers.via} ${body}`))
      },
    )
    sent.on('error', reject)
    sent.end()
    const answer = await promise
    expect(answer).toMatch(/^200 test\/1 GET \/anything HTTP\/1\.1\r\n/)
    expect(answer).toContain(`Host: ${host}\r\n`)
    expect(answer).toContain('X-Forwarded-Proto: https\r\n')
    expect(`${answer}\r\n`).toContain(`X-Forwarded-Port: ${proxy.port}\r\n`)
  })

  it('case 38: a request goes where its Host says', async () => {
    await using upstream = await openEcho()
    await using proxy = await openTestProxy([serviceless])
    const answer = await exchangeRaw(proxy.port, get('/a?b', `Host: localhost:${upstream.port}`))
    expect(answer).toContain(`\r\n\r\nGET /a?b HTTP/1.1\r\nHost: localhost:${upstream.port}\r\n`)
  })
})

describe('an answer of the proxy itself', () => {
  const settings: Partial<HttpSettings> = {
    replies: (cause, accept) => ({
      status: cause.kind === 'status' ? cause.status : 500,
      reason: 'Local',
      headers: [],
      body: `for ${accept}`,
    }),
  }

  it('case 200: is rendered for the Accept of its client, and has no body for HEAD', async () => {
    await using silent = await openTestUpstream(() => {})
    const slow = to(silent.port, { upstream: { transport: 'tls', connectTimeoutMs: 30 } })
    const ask = (method: string): string =>
      `${method} / HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\nConnection: close\r\n\r\n`
    expect(await answered(ask('GET'), [slow], settings)).toMatch(
      /^HTTP\/1\.1 504 [^]*Content-Length: 13\r\n[^]*\r\n\r\nfor text\/html$/,
    )
    expect(await answered(ask('HEAD'), [slow], settings)).toMatch(
      /^HTTP\/1\.1 504 [^]*Content-Length: 13\r\n[^]*\r\n\r\n$/,
    )
  })

  const long = 'x'.repeat(9000)

  it.each([
    ['414', 'a long line', `GET /${long} HTTP/1.1\r\nHost: h\r\nAccept: a/b\r\n\r\n`, 'undefined'],
    ['494', 'a long header', `GET / HTTP/1.1\r\nAccept: a/b\r\nX: ${long}\r\n\r\n`, 'a/b'],
    ['494', 'it before Accept', `GET / HTTP/1.1\r\nX: ${long}\r\nAccept: a/b\r\n\r\n`, 'undefined'],
    ['400', 'no Host', 'GET / HTTP/1.1\r\nAccept: a/b\r\n\r\n', 'a/b'],
    ['400', 'no colon', 'GET / HTTP/1.1\r\nAccept: a/b\r\nHost h\r\n\r\n', 'a/b'],
    ['400', 'it before Accept', 'GET / HTTP/1.1\r\nHost h\r\nAccept: a/b\r\n\r\n', 'undefined'],
    [
      '400',
      'a bad length, and more after the head',
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\nAccept: a/b\r\n\r\n',
      'undefined',
    ],
  ])(
    'of status %s for %s is rendered by Accept as far as it was read',
    async (status, _why, text, accept) => {
      const answer = await answered(text, [], settings)
      expect(answer.slice(9, 12)).toBe(status)
      expect(answer).toMatch(new RegExp(`for ${accept}$`))
    },
  )

  it('of status 408 is rendered by Accept as far as it was read', async () => {
    await using proxy = await openTestProxy([], { settings: { ...settings, headTimeoutMs: 50 } })
    using client = await RawClient.open(proxy.port)
    client.send('GET / HTTP/1.1\r\nAccept: a/b\r\nHo')
    expect(await client.end()).toMatch(/^HTTP\/1\.1 408 [^]*for a\/b$/)
  })
})

describe('an upstream', () => {
  it('case 202: whose name has no address is answered for with 503', async () => {
    const route = { upstream: { target: { host: 'nowhere.invalid', port: 80 } } }
    expect(await answered(get('/', 'Host: h'), [route])).toMatch(
      /^HTTP\/1\.1 503 [^]*name-resolution-failed\n$/,
    )
  })

  it('case 203: that takes too long to connect, to answer or to read is answered for with 504', async () => {
    await using silent = await openTestUpstream((socket) => socket.pause())
    const connecting = to(silent.port, { upstream: { transport: 'tls', connectTimeoutMs: 1 } })
    const ask = 'HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
    expect(await answered(ask, [connecting])).toMatch(/^HTTP\/1\.1 504 /)
    const reading = to(silent.port, { upstream: { readTimeoutMs: 1 } })
    expect(await answered(get('/', 'Host: h'), [reading])).toMatch(/^HTTP\/1\.1 504 /)
    await using proxy = await openTestProxy([to(silent.port, { upstream: { writeTimeoutMs: 1 } })])
    using client = await RawClient.open(proxy.port)
    const size = 32 * 1024 * 1024
    client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n`)
    client.socket.write(Buffer.alloc(size))
    expect(await client.expect('504\n')).toMatch(/^HTTP\/1\.1 504 /)
  })

  it('case 198: is greeted in TLS with the name that its Host says, and an address with none', async () => {
    const { certificate: cert, privateKey: key } = await identity
    await using server = await openTestServer(
      () => {},
      () =>
        createTlsServer({ cert, key }, (socket) => {
          const name = String(socket.servername)
          socket.once('data', () =>
            socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`),
          )
        }),
    )
    const named = { host: 'localhost', port: server.port }
    const secure = { target: server.target, transport: 'tls' } as const
    const routes: readonly TestRoute[] = [
      { match: { methods: ['GET'] }, upstream: { ...secure, target: named } },
      { match: { methods: ['PUT'] }, upstream: secure, forward: { preserveHost: true } },
      { match: { methods: ['PATCH'] }, upstream: secure },
    ]
    const greeted = async (method: string): Promise<string | undefined> => {
      const asked = get('/', 'Host: preserved.com:81').replace('GET', method)
      return (await answered(asked, routes)).split('\r\n\r\n')[1]
    }
    expect(await greeted('GET')).toBe('localhost')
    expect(await greeted('PUT')).toBe('preserved.com')
    expect(await greeted('PATCH')).toBe('false')
  })

  it('case 205: has its status told in a header, unless a filter answers', async () => {
    const tokens = {
      server: undefined,
      via: undefined,
      upstreamLatency: undefined,
      proxyLatency: undefined,
      upstreamStatus: 'X-Kong-Upstream-Status',
    }
    await using upstream = await openTestUpstream((socket) =>
      socket.end('HTTP/1.1 204 No Content\r\n\r\n'),
    )
    const settings = { responseTokens: tokens }
    expect(await answered(get('/', 'Host: h'), [to(upstream.port)], settings)).toMatch(
      /^HTTP\/1\.1 204 [^]*\r\nX-Kong-Upstream-Status: 204\r\n/,
    )
    const rejecting = testChain({ access: (exchange) => exchange.answer({ status: 401 }) })
    const rejected = to(upstream.port, { filters: rejecting })
    const answer = await answered(get('/', 'Host: h'), [rejected], settings)
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(answer).not.toContain('Upstream-Status')
    const gone = await answered(get('/', 'Host: h'), [to(1)], settings)
    expect(gone).toMatch(/^HTTP\/1\.1 502 [^]*X-Kong-Upstream-Status: 502\r\n/)
  })

  it('sends trailers to the client and gets the client’s', async () => {
    await using upstream = await openTestUpstream((socket) => {
      let received = ''
      socket.on('data', (bytes) => {
        received += bytes.toString()
        if (!received.endsWith('X-Asked: 1\r\n\r\n')) return
        socket.write(
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Told: 2\r\n\r\n',
        )
      })
    })
    await using proxy = await openTestProxy([to(upstream.port)])
    using client = await RawClient.open(proxy.port)
    client.send(
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n0\r\nX-Asked: 1\r\n\r\n',
    )
    expect(await client.expect('X-Told')).toMatch(/1\r\nx\r\n0\r\nX-Told: 2\r\n\r\n$/)
  })
})

/** A masked text frame as a client sends it (RFC 6455 section 5.2), or an unmasked one. */
function frame(opcode: number, text: string, masked: boolean): Buffer {
  const payload = Buffer.from(text)
  const mask = Buffer.from([1, 2, 3, 4])
  if (masked) for (let i = 0; i < payload.length; i++) payload[i] = payload[i]! ^ mask[i % 4]!
  const head = Buffer.from([0x80 | opcode, (masked ? 0x80 : 0) | payload.length])
  return Buffer.concat(masked ? [head, mask, payload] : [head, payload])
}

describe('WebSocket', () => {
  it.each([
    ['http', false],
    ['https', true],
  ])('case 206: text and ping frames pass both ways over %s', async (_scheme, encrypted) => {
    await using upstream = await openTestUpstream((socket) => {
      socket.once('data', (bytes) => {
        const [, key] = /Sec-WebSocket-Key: (\S+)/.exec(bytes.toString()) ?? []
        const accept = createHash('sha1')
          .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest('base64')
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        )
        socket.on('end', () => socket.end())
        let frames = Buffer.alloc(0)
        socket.on('data', (more: Buffer) => {
          frames = Buffer.concat([frames, more])
          while (frames.length >= 2 && frames.length >= 6 + (frames[1]! & 0x7f)) {
            const length = frames[1]! & 0x7f
            const payload = Uint8Array.from(frames.subarray(6, 6 + length)).map(
              (byte, i) => byte ^ frames[2 + (i % 4)]!,
            )
            const opcode = frames[0]! & 0xf
            socket.write(frame(opcode === 9 ? 10 : 1, Buffer.from(payload).toString(), false))
            frames = frames.subarray(6 + length)
          }
        })
      })
    })
    const finished: number[] = []
    const filters = testChain({ finished: ({ response }) => void finished.push(response!.status) })
    await using proxy = await openTestProxy(
      [to(upstream.port, { filters })],
      encrypted ? { identity: await identity } : {},
    )
    const browser = new WebSocketClient(proxy.port, encrypted)
    await browser.expect(Buffer.from('\r\n\r\n'))
    expect(browser.text).toMatch(
      /^HTTP\/1\.1 101 [^]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/,
    )
    browser.socket.write(frame(1, 'hello', true))
    await browser.expect(frame(1, 'hello', false))
    browser.socket.write(frame(9, 'ping', true))
    await browser.expect(frame(10, 'ping', false))
    expect(finished).toEqual([])
    browser.socket.destroy()
    const deadline = performance.now() + 15_000
    while (finished.length === 0 && performance.now() < deadline) {
      // oxlint-disable-next-line no-await-in-loop -- until the proxy has noticed
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(finished).toEqual([101])
  })
})

class WebSocketClient {
  readonly socket
  #received = Buffer.alloc(0)

  constructor(port: number, encrypted: boolean) {
    const address = { port, host: '127.0.0.1' }
    this.socket = encrypted
      ? connectTls({ ...address, rejectUnauthorized: false })
      : connect(address)
    this.socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes])
    })
    this.socket.on('error', () => {})
    this.socket.write(
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    )
  }

  get text(): string {
    return this.#received.toString('latin1')
  }

  async expect(bytes: Buffer): Promise<void> {
    const deadline = performance.now() + 15_000
    while (!this.#received.includes(bytes)) {
      if (performance.now() > deadline) throw new Error(`Waited in vain; received ${this.text}`)
      // oxlint-disable-next-line no-await-in-loop -- until it is there
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
}
