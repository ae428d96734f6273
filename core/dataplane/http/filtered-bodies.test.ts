import { createServer as createHttpServer } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { portOf } from '#core/base/loopback-ports.ts'
import { BodyTooLargeError, type HttpExchange, type HttpFilter } from '#core/model/http-filter.ts'
import {
  openTestProxy,
  openTestUpstream,
  testChain,
  type TestProxyOptions,
  type TestRoute,
} from './open-test-proxy.ts'
import { exchangeRaw, RawClient } from './raw-client.ts'

const request = (method: string, ...lines: readonly string[]): string =>
  `${method} /a?b HTTP/1.1\r\nHost: h\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`

function route(port: number, filters: readonly HttpFilter[], more: TestRoute = {}): TestRoute {
  return {
    ...more,
    upstream: { ...more.upstream, target: { host: '127.0.0.1', port } },
    filters: testChain(...filters),
  }
}

/** Tells all that it received of a request, once its body is complete. */
async function openMirror(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createHttpServer((incoming, answer) => {
    let body = ''
    incoming.on('data', (bytes: Buffer) => (body += bytes.toString('latin1')))
    incoming.on('end', () => {
      const { method, url, rawHeaders: headers, trailers } = incoming
      answer.end(JSON.stringify({ method, url, headers, body, trailers }))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: portOf(server),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

interface Mirrored {
  readonly method: string
  readonly url: string
  readonly headers: readonly string[]
  readonly body: string
  readonly trailers: Readonly<Record<string, string>>
}

/** What reached the upstream of a request that filters have had in hand. */
async function mirrored(
  text: string,
  filters: readonly HttpFilter[],
  options: TestProxyOptions & { readonly route?: TestRoute } = {},
): Promise<Mirrored> {
  await using upstream = await openMirror()
  await using proxy = await openTestProxy([route(upstream.port, filters, options.route)], options)
  const received = await exchangeRaw(proxy.port, text)
  expect(received).toMatch(/HTTP\/1\.1 200 OK\r\n/)
  const [json = ''] = /\{.*\}/.exec(received) ?? []
  return JSON.parse(Buffer.from(json, 'latin1').toString())
}

function valueOf({ headers }: Mirrored, name: string): string | undefined {
  const at = headers.findIndex(
    (header, index) => index % 2 === 0 && header.toLowerCase() === name.toLowerCase(),
  )
  return at === -1 ? undefined : headers[at + 1]
}

describe('a filter', () => {
  it('changes method, path, query, host and headers of what is sent upstream', async () => {
    const text = request('GET', 'Connection: close, X-Nominated', 'X-Old: 1', 'X-Nominated: theirs')
    const seen = await mirrored(
      text,
      [
        {
          access: ({ request: asked }) => {
            expect([
              asked.method,
              asked.path,
              asked.query,
              asked.upstreamPath,
              asked.target,
            ]).toEqual(['GET', '/a', '?b', '/base/a', '/a?b'])
            asked.method = 'PUT'
            asked.upstreamPath = '/other path'
            asked.query = '?x=1&ü'
            asked.upstreamHost = 'renamed.test:81'
            asked.headers.remove('x-old')
            asked.headers.set('X-Nominated', 'mine')
            asked.headers.add('X-New', 'line\r\nEvil: 1')
            asked.headers.add('X-Name', 'Łukasz')
            asked.headers.set('X-Forwarded-Proto', 'https')
            asked.headers.set('Content-Length', '5')
          },
        },
      ],
      { route: { forward: { basePath: '/base/' } } },
    )
    expect(seen).toMatchObject({ method: 'PUT', url: '/other%20path?x=1&%C3%BC', body: '' })
    expect(valueOf(seen, 'Host')).toBe('renamed.test:81')
    expect(valueOf(seen, 'X-Old')).toBeUndefined()
    expect(valueOf(seen, 'X-Nominated')).toBe('mine')
    expect(valueOf(seen, 'X-New')).toBe('line  Evil: 1')
    expect(Buffer.from(valueOf(seen, 'X-Name')!, 'latin1').toString()).toBe('Łukasz')
    expect(valueOf(seen, 'X-Forwarded-Proto')).toBe('http')
    expect(valueOf(seen, 'Content-Length')).toBeUndefined()
  })

  it('of the listener can decide by a new Host or method which route takes the request', async () => {
    await using upstream = await openMirror()
    const wanted = route(upstream.port, [], { match: { hosts: ['inside'], methods: ['PUT'] } })
    const filters = testChain({
      rewrite: ({ request: asked }) => {
        asked.headers.set('Host', 'inside')
        asked.method = 'PUT'
        asked.query = '?new'
      },
    })
    await using proxy = await openTestProxy([wanted], { filters })
    const received = await exchangeRaw(proxy.port, request('GET', 'Connection: close'))
    expect(received).toContain('"method":"PUT","url":"/a?new"')
  })

  it('sends a request elsewhere', async () => {
    await using elsewhere = await openMirror()
    const target = { host: '127.0.0.1', port: elsewhere.port, tls: false }
    const seen = await mirrored(request('GET', 'Connection: close'), [
      { access: (exchange) => void (exchange.target = target) },
    ])
    expect(valueOf(seen, 'Host')).toBe(`127.0.0.1:${elsewhere.port}`)
  })

  it.each([
    ['by its length', request('POST', 'Connection: close', 'Content-Length: 5') + 'hello', {}],
    [
      'in chunks',
      `${request('POST', 'Connection: close', 'Transfer-Encoding: chunked')}2\r\nhe\r\n3\r\nllo\r\n0\r\nX-T: 1\r\n\r\n`,
      { 'x-t': '1' },
    ],
  ])('reads a body that comes %s, and it is sent on as it came', async (_how, text, trailers) => {
    const bodies: string[] = []
    const seen = await mirrored(text, [
      {
        access: async ({ request: asked }) => {
          bodies.push((await asked.readBody()).toString(), (await asked.readBody()).toString())
        },
      },
    ])
    expect(bodies).toEqual(['hello', 'hello'])
    expect(seen).toMatchObject({ body: 'hello', trailers })
  })

  it('reads a body that comes in pieces, larger than what is kept for another attempt', async () => {
    const body = 'x'.repeat(300_000)
    let read = 0
    await using upstream = await openMirror()
    const reading: HttpFilter = {
      access: async ({ request: asked }) => {
        read = (await asked.readBody()).length
        expect(asked.bytes).toBe(
          `POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n`.length + read,
        )
      },
    }
    await using proxy = await openTestProxy([route(upstream.port, [reading])])
    using client = await RawClient.open(proxy.port)
    client.send(request('POST', `Content-Length: ${body.length}`))
    for (let at = 0; at < body.length; at += 50_000) {
      client.send(body.slice(at, at + 50_000))
      // oxlint-disable-next-line no-await-in-loop -- so that it comes in pieces
      await new Promise(setImmediate)
    }
    await client.expect('"trailers"')
    expect(read).toBe(body.length)
    expect(client.received).toContain(body)
  })

  it('reads a body that came long before it was asked for, and the request after it waits', async () => {
    await using upstream = await openMirror()
    const slow = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 20))
    let read = ''
    const filters: HttpFilter[] = [
      { access: slow },
      {
        access: async ({ request: asked }) => {
          if (asked.method === 'POST') read = (await asked.readBody()).toString()
          await slow()
        },
      },
    ]
    await using proxy = await openTestProxy([route(upstream.port, filters)])
    using client = await RawClient.open(proxy.port)
    client.send(`${request('POST', 'Content-Length: 5')}hello${request('GET')}`)
    await client.until(({ received }) => received.split('"trailers"').length === 3)
    expect(read).toBe('hello')
    expect(client.received).toMatch(/"body":"hello"[^]*"method":"GET"[^]*"body":""/)
  })

  it('gives a patient client leave to send the body that it reads', async () => {
    await using upstream = await openMirror()
    const reading: HttpFilter = {
      access: async (exchange) => {
        const body = await exchange.request.readBody()
        exchange.answer({ status: 200, body: `read ${body.toString()}` })
      },
    }
    await using proxy = await openTestProxy([route(upstream.port, [reading])])
    using client = await RawClient.open(proxy.port)
    client.send(request('POST', 'Expect: 100-continue', 'Content-Length: 4'))
    await client.expect('HTTP/1.1 100 Continue\r\n\r\n')
    client.send('body')
    expect(await client.expect('read body')).toMatch(/Connection: keep-alive/)
  })

  it('that answers without reading the body leaves a connection that can be used again', async () => {
    const refusing: HttpFilter = {
      access: (exchange) => exchange.answer({ status: 403, body: 'no' }),
    }
    await using proxy = await openTestProxy([route(1, [refusing])])
    using client = await RawClient.open(proxy.port)
    client.send(`${request('POST', 'Content-Length: 5')}hello${request('HEAD')}`)
    const received = await client.until(({ received: text }) => text.split('403').length === 3)
    expect(received.match(/\r\n\r\nno/g)).toHaveLength(1)
    await client.until(({ received: text }) => text.endsWith('\r\n\r\n'))
    expect(client.received).toMatch(/\r\n\r\nnoHTTP[^]*Content-Length: 2\r\n[^]*\r\n\r\n$/)
  })

  it('learns that a body is too long for it, by its length or its bytes, and all of it is still sent on', async () => {
    const errors: unknown[] = []
    const reading: HttpFilter = {
      access: async ({ request: asked }) => {
        await asked.readBody({ maxBytes: 4 }).catch((error: unknown) => errors.push(error))
      },
    }
    const fixed = `${request('POST', 'Connection: close', 'Content-Length: 5')}hello`
    const chunked = `${request('POST', 'Connection: close', 'Transfer-Encoding: chunked')}3\r\nhel\r\n2\r\nlo\r\n3\r\n yo\r\n0\r\n\r\n`
    expect((await mirrored(fixed, [reading])).body).toBe('hello')
    expect((await mirrored(chunked, [reading])).body).toBe('hello yo')
    expect(errors.map((error) => error instanceof BodyTooLargeError)).toEqual([true, true])
  })

  it('can have a body that was too long for another', async () => {
    const read: string[] = []
    const small: HttpFilter = {
      access: async ({ request: asked }) => {
        await asked.readBody({ maxBytes: 4 }).catch(() => read.push('too long'))
      },
    }
    const large: HttpFilter = {
      access: async ({ request: asked }) => {
        read.push((await asked.readBody()).toString())
      },
    }
    const fixed = `${request('POST', 'Connection: close', 'Content-Length: 5')}hello`
    const chunked = `${request('POST', 'Connection: close', 'Transfer-Encoding: chunked')}5\r\nhello\r\n3\r\n yo\r\n0\r\n\r\n`
    expect((await mirrored(fixed, [small, large])).body).toBe('hello')
    expect((await mirrored(chunked, [small, small, large])).body).toBe('hello yo')
    expect(read).toEqual(['too long', 'hello', 'too long', 'too long', 'hello yo'])
  })

  it('that waits for a body which grows beyond the limit waits no longer, and the client gets 413', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const reading: HttpFilter = {
      access: async ({ request: asked }) => {
        await asked.readBody().catch(resolve)
      },
    }
    await using proxy = await openTestProxy([route(1, [reading])], {
      settings: { maxBodyBytes: 100 },
    })
    const chunk = `80\r\n${'x'.repeat(128)}\r\n`
    const received = await exchangeRaw(
      proxy.port,
      request('POST', 'Transfer-Encoding: chunked') + chunk,
    )
    expect(received).toMatch(/^HTTP\/1\.1 413 /)
    expect(await promise).toBeInstanceOf(Error)
    expect(proxy.records.map(({ status }) => status)).toEqual([413])
  })

  it.each([
    ['read', true],
    ['unread', false],
  ])('replaces a body that it left %s', async (_how, reads) => {
    await using upstream = await openMirror()
    const replacing: HttpFilter = {
      access: async ({ request: asked }) => {
        if (reads) await asked.readBody()
        asked.replaceBody(Buffer.from('new body'))
      },
    }
    await using proxy = await openTestProxy([route(upstream.port, [replacing])])
    using client = await RawClient.open(proxy.port)
    client.send(`${request('POST', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`)
    const first = await client.expect('"trailers"')
    expect(first).toContain('"body":"new body"')
    expect(first).toContain('"Content-Length","8"')
    expect(first).not.toMatch(/"Transfer-Encoding"/i)
    client.send(`${request('PUT', 'Content-Length: 2')}xy`)
    await client.until(({ received }) => received.split('"body":"new body"').length === 3)
  })

  it('that replaces a body it left unread still learns of a client that leaves', async () => {
    const asked = Promise.withResolvers<void>()
    await using silent = await openTestUpstream(
      (socket) => void socket.once('data', () => asked.resolve()),
    )
    const replacing: HttpFilter = {
      access: async ({ request: changed }) => {
        await new Promise(setImmediate)
        changed.replaceBody(Buffer.from('new'))
      },
    }
    await using proxy = await openTestProxy([route(silent.port, [replacing])])
    using client = await RawClient.open(proxy.port)
    client.send(`${request('POST', 'Content-Length: 10')}hello`)
    await asked.promise
    client.socket.resetAndDestroy()
    await client.until(() => proxy.records.length === 1)
    expect(proxy.records[0]?.status).toBe(499)
  })

  it('sees what was tried, and how long it took', async () => {
    const closed = await openTestUpstream(() => {})
    await closed[Symbol.asyncDispose]()
    const seen: HttpExchange[] = []
    const before = Date.now()
    const watching: HttpFilter = { finished: (exchange) => void seen.push(exchange) }
    await using failing = await openTestProxy([
      route(closed.port, [watching], { upstream: { retries: 1 } }),
    ])
    await exchangeRaw(failing.port, request('GET', 'Connection: close'))
    await using mirror = await openMirror()
    await using working = await openTestProxy([route(mirror.port, [watching])])
    const answer = await exchangeRaw(working.port, request('GET', 'Connection: close'))
    const [failed, succeeded] = seen
    expect(failed?.attempts).toMatchObject(
      [1, 2].map(() => ({
        address: { address: '127.0.0.1', port: closed.port },
        outcome: 'failed',
        code: 502,
      })),
    )
    expect(failed?.timing.upstreamMs).toBeUndefined()
    expect(succeeded?.attempts).toMatchObject([
      { outcome: 'connected', address: { port: mirror.port } },
    ])
    const { startedAt, proxyMs, upstreamMs, totalMs } = succeeded!.timing
    expect(startedAt).toBeGreaterThanOrEqual(before - 1)
    expect(upstreamMs).toBeGreaterThan(0)
    expect(totalMs).toBeGreaterThanOrEqual(proxyMs + upstreamMs!)
    expect(succeeded!.response!.bytes).toBe(answer.length)
    expect(succeeded!.response!.headers.get('via')).toBe('test/1')
  })
})

/** Answers every request with these bytes. */
function openServer(
  answer: string,
  then: (socket: Socket) => void = () => {},
): ReturnType<typeof openTestUpstream> {
  return openTestUpstream((socket) => {
    socket.on('data', () => {
      socket.write(answer, 'latin1')
      then(socket)
    })
  })
}

describe('a transformation of the response', () => {
  const shouting = (calls: [string, boolean][] = []): HttpFilter => ({
    responseHead: ({ response }) => {
      response!.headers.set('X-Length', response!.headers.get('content-length') ?? 'none')
      response!.transformBody((piece, last) => {
        const text = Buffer.from(piece).toString()
        calls.push([text, last])
        return Buffer.from(text.toUpperCase() + (last ? '!' : ''))
      })
    },
  })

  const fixed = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
  const chunks =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-T: 1\r\n\r\n'

  it.each([
    ['with a length', fixed, '6\r\nHELLO!\r\n0\r\n\r\n', 'HELLO!'],
    ['in chunks', chunks, '6\r\nHELLO!\r\n0\r\nX-T: 1\r\n\r\n', 'HELLO!'],
    ['that is empty', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', '1\r\n!\r\n0\r\n\r\n', '!'],
  ])(
    'of a body %s goes in chunks to an HTTP/1.1 client, and ends by close for an older one',
    async (_how, answer, modern, old) => {
      const calls: [string, boolean][] = []
      await using upstream = await openServer(answer)
      await using proxy = await openTestProxy([route(upstream.port, [shouting(calls)])])
      using client = await RawClient.open(proxy.port)
      client.send(request('GET'))
      const received = await client.until(
        ({ received: text }) => text.endsWith('\r\n\r\n') && text.includes('!'),
      )
      expect(received.slice(received.indexOf('\r\n\r\n') + 4)).toBe(modern)
      expect(received).toContain('Transfer-Encoding: chunked\r\n')
      expect(received).not.toMatch(/\r\nContent-Length/)
      expect(calls.filter(([, last]) => last)).toHaveLength(1)
      const older = await exchangeRaw(proxy.port, 'GET / HTTP/1.0\r\nHost: h\r\n\r\n')
      expect(older.slice(older.indexOf('\r\n\r\n') + 4)).toBe(old)
      expect(older).toMatch(/Connection: close\r\n/)
      expect(older).not.toMatch(/\r\n(?:Content-Length|Transfer-Encoding)/)
    },
  )

  it('of a body that only its close ends comes to its end, too', async () => {
    const calls: [string, boolean][] = []
    await using upstream = await openServer('HTTP/1.1 200 OK\r\n\r\nhello', (socket) =>
      socket.end(),
    )
    await using proxy = await openTestProxy([route(upstream.port, [shouting(calls)])])
    const received = await exchangeRaw(proxy.port, request('GET', 'Connection: close'))
    expect(received).toMatch(/HELLO\r\n1\r\n!\r\n0\r\n\r\n$/)
    expect(calls).toEqual([
      ['hello', false],
      ['', true],
    ])
  })

  it.each([
    ['HEAD', fixed.slice(0, -5), 'Content-Length'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 'Content-Length'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 'Content-Length'],
  ])('of an answer to %s without a body (%j) makes none', async (method, answer, absent) => {
    const calls: [string, boolean][] = []
    await using upstream = await openServer(answer)
    await using proxy = await openTestProxy([route(upstream.port, [shouting(calls)])])
    using client = await RawClient.open(proxy.port)
    client.send(request(method) + request(method))
    const received = await client.until(
      ({ received: text }) => text.split('HTTP/1.1 ').length === 3 && text.endsWith('\r\n\r\n'),
    )
    expect(received).not.toMatch(new RegExp(`\r\n${absent}|!|chunked`))
    expect(calls).toEqual([
      ['', true],
      ['', true],
    ])
  })

  it('of an answer of the proxy itself keeps the length right', async () => {
    await using proxy = await openTestProxy([], { filters: testChain(shouting(), shouting()) })
    using client = await RawClient.open(proxy.port)
    client.send(request('GET'))
    expect(await client.expect('NO-ROUTE\n!!')).toContain('Content-Length: 11\r\n')
  })

  it('can keep the pieces that it sees', async () => {
    const kept: Uint8Array[] = []
    const keeping: HttpFilter = {
      responseHead: ({ response }) =>
        response!.transformBody((piece, last) => {
          kept.push(piece)
          return last ? Buffer.concat(kept) : new Uint8Array(0)
        }),
    }
    const body = Array.from({ length: 200_000 }, (_, index) =>
      String.fromCharCode(97 + (index % 26)),
    ).join('')
    await using upstream = await openServer(
      `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await using proxy = await openTestProxy([route(upstream.port, [keeping])])
    expect(await exchangeRaw(proxy.port, request('GET', 'Connection: close'))).toContain(body)
  })
})

describe('a filter that changes a status', () => {
  it.each([
    [204, /^HTTP\/1\.1 204 No Content\r\n(?![^]*hello)/],
    [503, /^HTTP\/1\.1 503 Service Temporarily Unavailable\r\n[^]*Content-Length: 5\r\n[^]*hello$/],
  ])('to %i leaves an answer that can be read', async (status, expected) => {
    await using upstream = await openServer('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
    const changing: HttpFilter = {
      responseHead: ({ response }) => void (response!.status = status),
    }
    await using proxy = await openTestProxy([route(upstream.port, [changing])])
    using client = await RawClient.open(proxy.port)
    client.send(request('GET'))
    await client.until(({ received }) => expected.test(received))
    await client.until(() => proxy.records.length === 1)
    expect(proxy.records[0]?.status).toBe(status)
    client.send(request('GET'))
    await client.until(() => proxy.records.length === 2)
  })

  it('has no say in where the answer ends', async () => {
    await using upstream = await openServer('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
    const meddling: HttpFilter = {
      responseHead: ({ response }) => {
        response!.headers.set('Content-Length', '1')
        response!.headers.set('Transfer-Encoding', 'gzip')
        response!.headers.set('Connection', 'X-Whatever')
      },
    }
    await using proxy = await openTestProxy([route(upstream.port, [meddling])])
    const received = await exchangeRaw(proxy.port, request('GET', 'Connection: close'))
    expect(received.match(/Content-Length: \d/g)).toEqual(['Content-Length: 5'])
    expect(received).not.toMatch(/gzip|X-Whatever/)
    expect(received).toMatch(/hello$/)
  })

  it('turns GET into HEAD and HEAD into GET without confusing anybody', async () => {
    await using upstream = await openTestUpstream((socket) => {
      socket.on('data', (bytes) => {
        const head = bytes.toString().startsWith('HEAD')
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${head ? '' : 'hello'}`)
      })
    })
    const turning: HttpFilter = {
      access: ({ request: asked }) => {
        asked.method = asked.method === 'HEAD' ? 'GET' : 'HEAD'
      },
    }
    await using proxy = await openTestProxy([route(upstream.port, [turning])])
    using client = await RawClient.open(proxy.port)
    client.send(request('GET'))
    expect(await client.expect('\r\n\r\n')).toContain('Content-Length: 0\r\n')
    client.send(request('HEAD'))
    await client.until(({ received }) => received.split('200 OK').length === 3)
    client.send(request('GET'))
    await client.until(({ received }) => received.split('200 OK').length === 4)
    expect(client.received).not.toContain('hello')
  })
})
