import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { portOf } from '#core/base/loopback-ports.ts'
import { patternedBytes, readAll, sha256 } from '#core/dataplane/channel/test-bytes.ts'
import { openDataplane, type Dataplane } from '#core/dataplane/dataplane.ts'
import { connectTo, RecordingObserver } from '#core/dataplane/stream/open-test-stream.ts'
import { testHttpListener } from '#core/dataplane/test-http-listener.ts'
import type { HttpListener } from '#core/model/listener.ts'
import type { RequestRecord } from '#core/model/observer.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'

class RequestObserver extends RecordingObserver {
  readonly requests: RequestRecord[] = []
  override requestFinished(record?: RequestRecord): void {
    if (record !== undefined) this.requests.push(record)
    super.requestFinished()
  }
}

interface Bench extends AsyncDisposable {
  readonly port: number
  readonly dataplane: Dataplane
  readonly observer: RequestObserver
  readonly client: ClientHttp2Session
  readonly upstreamPort: number
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

async function openBench(
  handle: Handle,
  change: (listener: HttpListener) => HttpListener = (listener) => listener,
): Promise<Bench> {
  const upstream = createServer((request, response) => void handle(request, response))
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const upstreamPort = portOf(upstream)
  const observer = new RequestObserver()
  const dataplane = openDataplane({ observer })
  const listener = testHttpListener([
    { upstream: { target: { host: '127.0.0.1', port: upstreamPort } } },
  ])
  await dataplane.apply({ version: '1', listeners: [change({ ...listener, http2: true })] })
  const { port } = dataplane.listening[0]!
  const scheme = dataplane.listening.length > 0 && change(listener).identities ? 'https' : 'http'
  const client = connect(`${scheme}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    maxSendHeaderBlockLength: 1_000_000,
  })
  client.on('error', () => {})
  await once(client, 'connect')
  return {
    port,
    dataplane,
    observer,
    client,
    upstreamPort,
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      upstream.closeAllConnections()
      upstream.close()
      await dataplane[Symbol.asyncDispose]()
    },
  }
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
  readonly trailers: Readonly<Record<string, unknown>>
}

function headersOf(stream: ClientHttp2Stream): Promise<Answer['headers']> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject)
    stream.once('response', (headers) => resolve({ ...headers }))
  })
}

async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  let trailers = {}
  stream.on('trailers', (fields: object) => {
    trailers = { ...fields }
  })
  const headers = await headersOf(stream)
  const body = await readAll(stream)
  return { status: Number(headers[':status']), headers, body, trailers }
}

const echo: Handle = (request, response) => {
  response.setHeader('Content-Type', 'application/json')
  response.end(
    JSON.stringify({
      line: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
      headers: request.headers,
    }),
  )
}

interface Echoed {
  readonly line: string
  readonly headers: Readonly<Record<string, string>>
}

const echoed = ({ body }: Answer): Echoed => JSON.parse(body.toString())

describe('HTTP/2 without TLS', () => {
  it('case 39: proxies a request with an authority as HTTP/1.1 with a Host', async () => {
    await using bench = await openBench(echo)
    const request = bench.client.request({
      ':path': '/a?b=c',
      ':authority': 'echo.test:81',
      'x-mine': 'h\xe9',
      cookie: ['a=1', 'b=2'],
      te: 'trailers',
    })
    const answer = await answerOf(request)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers).not.toHaveProperty('connection')
    const { line, headers } = echoed(answer)
    expect(line).toBe('GET /a?b=c HTTP/1.1')
    expect(headers).toMatchObject({
      'x-forwarded-host': 'echo.test',
      'x-forwarded-proto': 'http',
      'x-mine': 'h\xe9',
      cookie: 'a=1; b=2',
      connection: 'keep-alive',
    })
    expect(headers).not.toHaveProperty('te')
    expect(headers).not.toHaveProperty('transfer-encoding')
    await bench.observer.until('request')
    expect(bench.observer.requests[0]).toMatchObject({
      requestLine: 'GET /a?b=c HTTP/2.0',
      status: 200,
      bytesToClient: answer.body.length,
    })
  })

  it('answers HTTP/1.1 by closing', async () => {
    await using bench = await openBench(echo)
    const socket = await connectTo(bench.port)
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    expect((await readAll(socket)).length).toBe(0)
    expect(bench.observer.lines).toContain('fault The client did not begin with the HTTP/2 preface')
    socket.destroy()
  })

  it('closes on a client that stays silent', async () => {
    await using bench = await openBench(echo, (listener) => ({
      ...listener,
      settings: { ...listener.settings, headTimeoutMs: 50 },
    }))
    const socket = await connectTo(bench.port)
    expect((await readAll(socket)).length).toBe(0)
    socket.destroy()
  })

  it('keeps 100 requests apart that are under way at the same time', async () => {
    const padding = 'x'.repeat(200_000)
    await using bench = await openBench(async (request, response) => {
      const body = await readAll(request)
      response.end(`${request.url} ${body.toString()} ${padding}`)
    })
    const answers = Array.from({ length: 100 }, (_, at) => {
      const request = bench.client.request({ ':path': `/${at}`, ':method': 'POST' })
      request.end(`body ${at}`)
      return answerOf(request)
    })
    const texts = (await Promise.all(answers)).map(({ body }) => body.toString())
    expect(texts).toEqual(Array.from({ length: 100 }, (_, at) => `/${at} body ${at} ${padding}`))
    expect(bench.dataplane.counters).toMatchObject({ accepted: 1, requests: 100 })
  })

  it('passes large bodies both ways to a slow upstream and a slow client', async () => {
    const sent = patternedBytes(8_000_000)
    let receivedSum = ''
    await using bench = await openBench(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) {
        chunks.push(chunk)
        if (chunks.length % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      receivedSum = sha256(Buffer.concat(chunks))
      response.end(sent)
    })
    const request = bench.client.request({ ':method': 'PUT', ':path': '/' })
    request.end(sent)
    const headers = await headersOf(request)
    expect(headers['content-length']).toBe(String(sent.length))
    const got: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) {
      got.push(chunk)
      if (got.length % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(receivedSum).toBe(sha256(sent))
    expect(sha256(Buffer.concat(got))).toBe(sha256(sent))
  })

  it('takes no more from an upstream than the client takes', async () => {
    let taken = 0
    await using bench = await openBench((_request, response) => {
      const piece = Buffer.alloc(64 * 1024)
      const more = (): void => {
        while (taken < 100_000_000 && response.write(piece)) taken += piece.length
      }
      response.on('drain', more)
      more()
    })
    const request = bench.client.request({ ':path': '/' })
    request.on('error', () => {})
    await once(request, 'response')
    // The client reads nothing: the windows fill, and then the upstream's socket.
    let before = -1
    while (before !== taken) {
      before = taken
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    expect(taken).toBeLessThan(50_000_000)
    const another = bench.client.request({ ':path': '/' })
    another.on('error', () => {})
    await once(another, 'response')
    request.close(constants.NGHTTP2_CANCEL)
    another.close(constants.NGHTTP2_CANCEL)
    await bench.observer.until('request')
  })

  it('passes trailers, 1xx, HEAD and bodiless answers', async () => {
    await using bench = await openBench(async (request, response) => {
      if (request.method === 'HEAD') return void response.setHeader('Content-Length', '7').end()
      if (request.url === '/none') return void response.writeHead(204).end()
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      await readAll(request)
      response.setHeader('Trailer', 'X-Sum')
      response.write(JSON.stringify(request.trailers))
      response.addTrailers({ 'X-Sum': 'abc' })
      response.end()
    })
    const head = await answerOf(bench.client.request({ ':path': '/', ':method': 'HEAD' }))
    expect(head.headers['content-length']).toBe('7')
    expect(head.body.length).toBe(0)
    expect((await answerOf(bench.client.request({ ':path': '/none' }))).status).toBe(204)

    const request = bench.client.request(
      { ':path': '/', ':method': 'POST' },
      { waitForTrailers: true },
    )
    const early = once(request, 'headers')
    request.on('wantTrailers', () => request.sendTrailers({ 'x-client-sum': 'def' }))
    request.end('body')
    const answer = await answerOf(request)
    expect((await early)[0]).toMatchObject({ ':status': 103, link: '</a.css>; rel=preload' })
    expect(answer.body.toString()).toBe('{"x-client-sum":"def"}')
    expect(answer.trailers).toMatchObject({ 'x-sum': 'abc' })
  })

  it('lets a client wait for 100', async () => {
    await using bench = await openBench((request, response) => void request.pipe(response))
    const request = bench.client.request(
      { ':path': '/', ':method': 'POST', expect: '100-continue', 'content-length': '4' },
      { endStream: false },
    )
    const answer = answerOf(request)
    await once(request, 'continue')
    request.end('body')
    expect((await answer).body.toString()).toBe('body')
  })

  it.each([
    ['the asterisk form', { ':path': '*', ':method': 'OPTIONS' }],
    ['a Host that is not the authority', { ':authority': 'a.test', host: 'b.test' }],
    ['CONNECT', { ':method': 'CONNECT', ':authority': 'a.test:1' }],
  ])('refuses %s with 400', async (_what, headers) => {
    await using bench = await openBench(echo)
    const request = bench.client.request(headers)
    expect((await answerOf(request)).status).toBe(400)
    const next = await answerOf(bench.client.request({ ':path': '/' }))
    expect(next.status).toBe(200)
  })

  it('refuses an absolute URI as malformed', async () => {
    await using bench = await openBench(echo)
    const request = bench.client.request({ ':path': 'http://h.test/' })
    request.on('error', () => {})
    await once(request.resume(), 'close').catch(() => {})
    expect(request.rstCode).toBe(constants.NGHTTP2_PROTOCOL_ERROR)
    expect((await answerOf(bench.client.request({ ':path': '/' }))).status).toBe(200)
  })

  it('takes a Host that says the same as the authority', async () => {
    await using bench = await openBench(echo)
    const request = bench.client.request({ ':authority': 'a.test', host: 'A.test:80' })
    expect((await answerOf(request)).status).toBe(200)
  })

  it('answers 494 to a header of 10 KiB, and a header list of 100 KiB is refused', async () => {
    await using bench = await openBench(echo)
    const long = bench.client.request({ 'x-long': 'x'.repeat(10 * 1024) })
    expect((await answerOf(long)).status).toBe(494)
    const huge = bench.client.request(
      Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`x-${at}`, 'x'.repeat(4000)])),
    )
    const refused = new Promise<unknown>((resolve) => {
      huge.on('response', resolve)
      huge.on('close', () => resolve(huge.rstCode))
      huge.on('error', () => {})
    })
    expect(await refused).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM)
  })

  it('resets a stream whose upstream breaks off in the middle, and leaves the others alone', async () => {
    await using bench = await openBench((request, response) => {
      if (request.url === '/good') return void response.end('good')
      response.writeHead(200, { 'Content-Length': '1000' })
      response.write('x', () => response.destroy())
    })
    const broken = bench.client.request({ ':path': '/' })
    broken.on('error', () => {})
    await once(broken.resume(), 'close').catch(() => {})
    expect(broken.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR)
    const good = await answerOf(bench.client.request({ ':path': '/good' }))
    expect(good.body.toString()).toBe('good')
  })

  it('tells a client of an upstream that cannot be reached', async () => {
    await using bench = await openBench((_request, response) => void response.destroy())
    expect((await answerOf(bench.client.request({ ':path': '/' }))).status).toBe(502)
  })

  it('calls the upstream off when the client does', async () => {
    const arrived = Promise.withResolvers<IncomingMessage>()
    await using bench = await openBench((request) => arrived.resolve(request))
    const request = bench.client.request({ ':path': '/', ':method': 'POST' })
    request.on('error', () => {})
    request.write(Buffer.alloc(1000))
    const upstream = await arrived.promise
    upstream.on('error', () => {})
    const left = new Promise((resolve) => upstream.on('close', resolve))
    request.close(constants.NGHTTP2_CANCEL)
    await left
    await bench.observer.until('request')
    expect(bench.observer.requests[0]?.status).toBe(499)
  })

  it('answers before the body is complete, and wants no more of it', async () => {
    await using bench = await openBench((_request, response) => {
      response.writeHead(413, { Connection: 'close' }).end('enough')
    })
    const request = bench.client.request({ ':path': '/', ':method': 'POST' })
    request.on('error', () => {})
    request.write(Buffer.alloc(10_000))
    let body = ''
    request.on('data', (piece: Buffer) => (body += piece.toString()))
    const headers = await headersOf(request)
    await new Promise((resolve) => request.on('close', resolve))
    expect([headers[':status'], body]).toEqual([413, 'enough'])
    expect(request.rstCode).toBe(constants.NGHTTP2_NO_ERROR)
    expect((await answerOf(bench.client.request({ ':path': '/' }))).status).toBe(413)
  })

  it('cuts a client that calls off thousands of requests', async () => {
    await using bench = await openBench(() => {})
    const { client } = bench
    const goneAway = new Promise<number>((resolve) => client.on('goaway', resolve))
    let sent = 0
    while (!client.destroyed && sent < 5000) {
      const request = client.request({ ':path': '/' })
      request.on('error', () => {})
      await new Promise((resolve) => setImmediate(resolve))
      request.close(constants.NGHTTP2_CANCEL)
      sent += 1
    }
    expect(await goneAway).not.toBe(constants.NGHTTP2_NO_ERROR)
    expect(sent).toBeGreaterThan(900)
  })
})

describe('drain of HTTP/2', () => {
  it('sends GOAWAY, lets requests finish and then closes', async () => {
    const held = Promise.withResolvers<() => void>()
    await using bench = await openBench((_request, response) =>
      held.resolve(() => response.end('late')),
    )
    const request = bench.client.request({ ':path': '/' })
    const answer = answerOf(request)
    const finish = await held.promise
    const goneAway = once(bench.client, 'goaway')
    const draining = bench.dataplane.drain(5000)
    expect((await goneAway)[0]).toBe(constants.NGHTTP2_NO_ERROR)
    finish()
    expect((await answer).body.toString()).toBe('late')
    expect(await draining).toBe('drained')
  })

  it('closes an idle connection at once, and one that has been idle for too long', async () => {
    await using bench = await openBench(echo)
    await answerOf(bench.client.request({ ':path': '/' }))
    expect(await bench.dataplane.drain(5000)).toBe('drained')
    await using idle = await openBench(echo, (listener) => ({
      ...listener,
      settings: { ...listener.settings, keepAliveTimeoutMs: 500 },
    }))
    await answerOf(idle.client.request({ ':path': '/' }))
    await once(idle.client, 'close')
  })

  it('serves one request where connections are not kept', async () => {
    await using bench = await openBench(echo, (listener) => ({
      ...listener,
      settings: { ...listener.settings, keepAliveTimeoutMs: 0 },
    }))
    const closed = once(bench.client, 'close')
    expect((await answerOf(bench.client.request({ ':path': '/' }))).status).toBe(200)
    await closed
  })
})

describe('HTTP/2 with TLS', () => {
  it('is chosen where client and listener want it', async () => {
    const fallback = await selfSigned(kongSubject)
    const identities = { fallback, byServerName: new Map() }
    await using bench = await openBench(echo, (listener) => ({ ...listener, identities }))
    const answer = await answerOf(bench.client.request({ ':path': '/' }))
    expect(bench.client.alpnProtocol).toBe('h2')
    expect(echoed(answer).headers['x-forwarded-proto']).toBe('https')
    const large = bench.client.request({ ':path': '/', ':method': 'POST' })
    large.end(patternedBytes(1_000_000))
    expect((await answerOf(large)).status).toBe(200)
    expect(await bench.dataplane.drain(5000)).toBe('drained')
  })
})
