import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { HttpSettings } from '#core/model/listener.ts'
import { openTestProxy, openTestUpstream, type TestRoute } from './open-test-proxy.ts'
import { exchangeRaw, RawClient } from './raw-client.ts'

const request = (method: string, ...lines: readonly string[]): string =>
  `${method} / HTTP/1.1\r\nHost: h\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
const get = request('GET', 'Connection: close')

function to(port: number, upstream: TestRoute['upstream'] = {}): TestRoute {
  return { upstream: { ...upstream, target: { host: '127.0.0.1', port } } }
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  await using upstream = await openTestUpstream(() => {})
  return upstream.port
}

/** The statuses of all answers in what a client received. */
function statuses(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

/** Closes the first connections without an answer. */
function openFlaky(failures: number, connections: string[]): ReturnType<typeof openTestUpstream> {
  return openTestUpstream((socket) => {
    const index = connections.push('') - 1
    socket.on('data', (bytes) => {
      connections[index] += bytes.toString('latin1')
      if (!connections[index]!.endsWith('end')) return
      if (index < failures) socket.resetAndDestroy()
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone')
    })
  })
}

async function answerOf(
  text: string,
  routes: readonly TestRoute[],
  settings: Partial<HttpSettings> = {},
): Promise<{ readonly status: number; readonly text: string; readonly events: readonly string[] }> {
  await using proxy = await openTestProxy(routes, { settings })
  const received = await exchangeRaw(proxy.port, text)
  const [status] = statuses(received)
  expect(proxy.records.map((record) => record.status)).toEqual([status])
  return { status: status!, text: received, events: proxy.events }
}

describe('an answer of the proxy itself', () => {
  it('is complete: date, length, server, and no Via', async () => {
    const { text, events } = await answerOf(get, [{ match: { hosts: ['other'] } }])
    expect(text).toMatch(
      /^HTTP\/1\.1 404 Local\r\nDate: [^\r]+ GMT\r\nContent-Type: text\/plain\r\nContent-Length: 9\r\nConnection: close\r\nServer: test\/1\r\n\r\nno-route\n$/,
    )
    expect(events).toEqual(['unrouted'])
  })

  it('has no body for HEAD, and leaves the connection open', async () => {
    await using proxy = await openTestProxy([])
    using client = await RawClient.open(proxy.port)
    client.send(request('HEAD') + request('GET'))
    const received = await client.expect('no-route\n')
    expect(received).toMatch(
      /Content-Length: 9\r\nConnection: keep-alive\r\n[^]*\r\n\r\nHTTP\/1\.1 404/,
    )
  })

  it('case 197: tells a plain client of an encrypted route to upgrade, unless a trusted peer vouches for it', async () => {
    await using upstream = await openTestUpstream((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
    const routes = [{ ...to(upstream.port), match: { encryption: 'required' } }] as const
    const plain = await answerOf(
      request('GET', 'X-Forwarded-Proto: https', 'Connection: close'),
      routes,
    )
    expect(plain.status).toBe(426)
    const trusted = { trustedPeers: ['127.0.0.0/8'] }
    const vouched = request('GET', 'X-Forwarded-Proto: https', 'Connection: close')
    expect((await answerOf(vouched, routes, trusted)).status).toBe(200)
    const wrong = request('GET', 'X-Forwarded-Proto: httpsa', 'Connection: close')
    expect((await answerOf(wrong, routes, trusted)).status).toBe(426)
  })

  it('names the offered protocols in Connection when it offers any', async () => {
    await using proxy = await openTestProxy([{ match: { encryption: 'required' } }], {
      settings: {
        replies: () => ({
          status: 426,
          reason: 'x',
          headers: [['Upgrade', 'TLS/1.2, HTTP/1.1']],
          body: '',
        }),
      },
    })
    using client = await RawClient.open(proxy.port)
    client.send(request('GET'))
    expect(await client.expect('\r\n\r\n')).toMatch(
      /Upgrade: TLS\/1\.2, HTTP\/1\.1\r\n[^]*Connection: Upgrade\r\n/,
    )
  })
})

describe('a request that cannot be read', () => {
  it.each([
    ['is malformed', 'GET / HTTP/1.1\nHost: h\n\n', 400],
    ['has two framings', request('POST', 'Content-Length: 3', 'Transfer-Encoding: chunked'), 400],
    ['has no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['has a long line', `GET /${'x'.repeat(9000)} HTTP/1.1\r\n`, 414],
    ['has a long header', request('GET', `X: ${'x'.repeat(10_000)}`), 494],
  ])('because it %s is answered, and nothing after it is served', async (_why, text, status) => {
    await using proxy = await openTestProxy([])
    const received = await exchangeRaw(proxy.port, text + get)
    expect(statuses(received)).toEqual([status])
    expect(received).toContain('Connection: close')
    expect(proxy.events).toHaveLength(1)
    expect(proxy.events[0]).toMatch(/^fault: /)
  })

  it('because its chunks are malformed is answered with 400, and the upstream connection is not used again', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    await using upstream = await openTestUpstream((socket) => {
      socket.on('close', () => resolve())
    })
    const text = `${request('POST', 'Transfer-Encoding: chunked')}3\r\nabcd\r\n0\r\n\r\n`
    expect((await answerOf(text, [to(upstream.port)])).status).toBe(400)
    await closed
  })

  it('because its body is too large is answered with 413, before or while it comes', async () => {
    await using upstream = await openTestUpstream(() => {})
    const settings = { maxBodyBytes: 1000 }
    const declared = request('POST', 'Content-Length: 1001')
    expect((await answerOf(declared, [to(upstream.port)], settings)).status).toBe(413)
    expect(upstream.accepted()).toBe(0)
    const chunk = `200\r\n${'x'.repeat(512)}\r\n`
    const grown = request('POST', 'Transfer-Encoding: chunked') + chunk + chunk
    expect((await answerOf(grown, [to(upstream.port)], settings)).status).toBe(413)
    expect(upstream.accepted()).toBe(1)
  })
})

describe('an upstream', () => {
  it('that refuses is tried as often as the route says, then answered for with 502', async () => {
    const { status, text, events } = await answerOf(
      request('POST', 'Content-Length: 0', 'Connection: close'),
      [to(await closedPort(), { retries: 2 })],
    )
    expect(status).toBe(502)
    expect(text).toMatch(/X-Upstream-Latency: \d+\r\n/)
    expect(events.filter((event) => event.startsWith('dialing'))).toEqual(
      [1, 2, 3].map((attempt) => `dialing ${attempt} 127.0.0.1`),
    )
    expect(events.filter((event) => event.startsWith('dial failed'))).toHaveLength(3)
  })

  it('whose name does not resolve is not tried again', async () => {
    const route = { upstream: { target: { host: 'nowhere.invalid', port: 80 }, retries: 3 } }
    const { status, text, events } = await answerOf(get, [route])
    expect(status).toBe(503)
    expect(text).toContain('name-resolution-failed')
    expect(text).not.toMatch(/latency/i)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatch(/^dial failed 1: nowhere\.invalid could not be resolved/)
  })

  it('that takes too long to connect is answered for with 504', async () => {
    // It accepts, but never answers the TLS handshake.
    await using upstream = await openTestUpstream(() => {})
    const route = to(upstream.port, { transport: 'tls', connectTimeoutMs: 50, retries: 1 })
    const { status, events } = await answerOf(get, [route])
    expect(status).toBe(504)
    expect(events.filter((event) => event.startsWith('dialing'))).toHaveLength(2)
  })

  it('that does not speak TLS where it should is answered for with 502', async () => {
    await using upstream = await openTestUpstream((socket) => socket.end('HTTP/1.1 400 No\r\n\r\n'))
    expect((await answerOf(get, [to(upstream.port, { transport: 'tls' })])).status).toBe(502)
  })

  it('that is silent is answered for with 504', async () => {
    await using upstream = await openTestUpstream(() => {})
    const { status, events } = await answerOf(get, [to(upstream.port, { readTimeoutMs: 50 })])
    expect(status).toBe(504)
    expect(events.at(-1)).toMatch(/^fault: The upstream sent nothing for 50 ms/)
  })

  it('that takes nothing is answered for with 504', async () => {
    await using upstream = await openTestUpstream((socket) => socket.pause())
    const size = 30_000_000
    await using proxy = await openTestProxy([to(upstream.port, { writeTimeoutMs: 50 })])
    using client = await RawClient.open(proxy.port)
    client.send(request('POST', `Content-Length: ${size}`))
    client.socket.write(Buffer.alloc(size))
    const received = await client.expect('504\n')
    expect(statuses(received)).toEqual([504])
    expect(proxy.events.at(-1)).toMatch(/^fault: The upstream took nothing for 50 ms/)
  })

  it('that falls silent in the middle is cut off, also where its close would have been the end', async () => {
    await using upstream = await openTestUpstream((socket) =>
      socket.write('HTTP/1.1 200 OK\r\n\r\nabc'),
    )
    await using proxy = await openTestProxy([to(upstream.port, { readTimeoutMs: 500 })])
    const chunked = await exchangeRaw(proxy.port, get)
    expect(chunked).toMatch(/3\r\nabc\r\n$/)
    using old = await RawClient.open(proxy.port)
    old.send('GET / HTTP/1.0\r\n\r\n')
    await old.until(({ closed }) => closed)
    expect(old.fault).toBe('ECONNRESET')
  })

  it.each([
    ['does not speak HTTP', 'Hello\r\n\r\n'],
    ['has a bare LF', 'HTTP/1.1 200 OK\nX: y\n\n'],
    [
      'has two framings',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['has an endless head', `HTTP/1.1 200 OK\r\n${`X: ${'x'.repeat(1000)}\r\n`.repeat(100)}`],
  ])('whose response %s is answered for with 502 and not asked again', async (_what, answer) => {
    await using upstream = await openTestUpstream((socket) => socket.write(answer))
    expect((await answerOf(get, [to(upstream.port, { retries: 3 })])).status).toBe(502)
    expect(upstream.accepted()).toBe(1)
  })

  it('whose chunks turn out malformed is answered for with 502, or cut off once the client was sent some', async () => {
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<Socket>()
    await using upstream = await openTestUpstream((socket) => {
      socket.once('data', () => onAsked(socket))
    })
    await using proxy = await openTestProxy([to(upstream.port)])
    using client = await RawClient.open(proxy.port)
    client.send(request('GET'))
    const socket = await asked
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    await client.expect('abc')
    socket.write('zz\r\n')
    expect(await client.end()).toMatch(/3\r\nabc\r\n$/)
    await using broken = await openTestUpstream((other) =>
      other.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
    )
    expect((await answerOf(get, [to(broken.port)])).status).toBe(502)
  })
})

describe('a request whose upstream closes before it answers', () => {
  it('is sent again with its whole body', async () => {
    const connections: string[] = []
    await using upstream = await openFlaky(2, connections)
    const put = `${request('PUT', 'Connection: close', 'Content-Length: 8')}body end`
    const { status, events } = await answerOf(put, [to(upstream.port, { retries: 2 })])
    expect(status).toBe(200)
    expect(connections.map((text) => text.slice(-12))).toEqual(Array(3).fill('\r\n\r\nbody end'))
    expect(events.filter((event) => event.startsWith('dialing'))).toHaveLength(3)
  })

  it.each(['POST', 'PATCH', 'LOCK'])('is not sent again when it is a %s', async (method) => {
    const connections: string[] = []
    await using upstream = await openFlaky(1, connections)
    const text = `${request(method, 'Connection: close', 'Content-Length: 3')}end`
    expect((await answerOf(text, [to(upstream.port, { retries: 2 })])).status).toBe(502)
    expect(connections).toHaveLength(1)
  })

  it('is not sent again when its body was too large to be kept', async () => {
    const connections: string[] = []
    await using upstream = await openFlaky(1, connections)
    const body = `${'x'.repeat(100_000)}end`
    const text = `${request('PUT', 'Connection: close', `Content-Length: ${body.length}`)}${body}`
    expect((await answerOf(text, [to(upstream.port, { retries: 2 })])).status).toBe(502)
    expect(connections).toHaveLength(1)
  })

  it('on an idle connection is sent again on a new one, beyond all retries, unless it may not be repeated', async () => {
    let requests = 0
    await using upstream = await openTestUpstream((socket) => {
      let own = 0
      socket.on('data', () => {
        requests += 1
        own += 1
        if (own === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        else socket.resetAndDestroy()
      })
    })
    await using proxy = await openTestProxy([to(upstream.port, { retries: 0 })])
    using client = await RawClient.open(proxy.port)
    client.send(request('GET'))
    await client.expect('ok')
    client.send(request('GET'))
    await client.until(({ received }) => statuses(received).length === 2)
    expect(statuses(client.received)).toEqual([200, 200])
    expect([requests, upstream.accepted()]).toEqual([3, 2])
    client.send(request('POST', 'Content-Length: 0'))
    await client.until(({ received }) => statuses(received).length === 3)
    expect(statuses(client.received)).toEqual([200, 200, 502])
  })
})

describe('a client', () => {
  it('that is too slow with its head is told so; one that says nothing is left', async () => {
    await using proxy = await openTestProxy([], { settings: { headTimeoutMs: 50 } })
    using slow = await RawClient.open(proxy.port)
    slow.send('GET / HT')
    expect(statuses(await slow.end())).toEqual([408])
    using silent = await RawClient.open(proxy.port)
    expect(await silent.end()).toBe('')
  })

  it('that stays idle after a request is left', async () => {
    await using proxy = await openTestProxy([], { settings: { keepAliveTimeoutMs: 50 } })
    using client = await RawClient.open(proxy.port)
    client.send(request('GET'))
    expect(statuses(await client.end())).toEqual([404])
  })
})
