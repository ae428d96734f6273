import { describe, expect, it } from 'vitest'
import { HeaderField } from '#core/codec/http1-header-field.ts'
import { RequestHeadReader, type RequestHead } from '#core/codec/http1-request-head.ts'
import { ResponseHeadReader, type ResponseHead } from '#core/codec/http1-response-head.ts'
import {
  forwardRequestHeaders,
  forwardResponseHeaders,
  type ClientSide,
  type ResponseSide,
} from './forward-headers.ts'

const limits = { maxHeadBytes: 4096, maxLineBytes: 1024 }

function request(...headers: readonly string[]): RequestHead {
  const reader = new RequestHeadReader(limits)
  reader.read(
    Buffer.from(`GET / HTTP/1.1\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`),
    0,
  )
  return reader.take()!
}

function response(status: string, ...headers: readonly string[]): ResponseHead {
  const reader = new ResponseHeadReader(limits)
  reader.read(
    Buffer.from(`HTTP/1.1 ${status}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`),
    0,
  )
  return reader.take('GET')!
}

const client: ClientSide = {
  peer: '10.0.0.9',
  client: { address: '10.0.0.9', port: 40_000 },
  peerTrusted: false,
  encrypted: false,
  destination: { address: '10.0.0.1', port: 8000 },
}
const upstream = { hostHeader: 'service:81', upgrade: false }

function lines(fields: readonly HeaderField[]): string[] {
  return HeaderField.render(fields).split('\r\n').slice(0, -1)
}

describe('headers to the upstream', () => {
  it('name the client, its scheme, host and port', () => {
    expect(
      lines(forwardRequestHeaders(request('Host: Example.com:8000'), client, upstream)),
    ).toEqual([
      'Host: service:81',
      'Connection: keep-alive',
      'X-Real-IP: 10.0.0.9',
      'X-Forwarded-For: 10.0.0.9',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: example.com',
      'X-Forwarded-Port: 8000',
    ])
  })

  it.each([
    ['A.Test.', 'a.test'],
    ['a.test.:80', 'a.test'],
    ['[FD00::1]:80', '[fd00::1]'],
  ])('name the host of %s as nginx does: %s', (host, forwarded) => {
    expect(lines(forwardRequestHeaders(request(`Host: ${host}`), client, upstream))).toContain(
      `X-Forwarded-Host: ${forwarded}`,
    )
  })

  it('append to X-Forwarded-For and replace what an untrusted client claims', () => {
    const head = request(
      'Host: h',
      'X-Forwarded-For: 1.1.1.1',
      'X-Forwarded-For: 2.2.2.2',
      'X-Real-IP: 3.3.3.3',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: evil',
      'X-Forwarded-Port: 1',
    )
    const sent = lines(forwardRequestHeaders(head, client, upstream))
    expect(sent.slice(2)).toEqual([
      'X-Real-IP: 10.0.0.9',
      'X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.0.0.9',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: h',
      'X-Forwarded-Port: 8000',
    ])
    const behind = { ...client, peerTrusted: true, client: { address: '3.3.3.3', port: 0 } }
    const trusted = lines(forwardRequestHeaders(head, behind, upstream))
    expect(trusted.slice(2)).toEqual([
      'X-Real-IP: 3.3.3.3',
      'X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.0.0.9',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: evil',
      'X-Forwarded-Port: 1',
    ])
  })

  it('leave out what concerns one connection, and what Connection names', () => {
    const head = request(
      'Host: h',
      'Connection: keep-alive, X-Gone, content-length',
      'TE: trailers',
      'Keep-Alive: 5',
      'Expect: 100-continue',
      'Proxy-Connection: x',
      'Upgrade: h2c',
      'x-gone: 1',
      'Content-Length: 0',
      'X_Kept:  as  it  is ',
      'Cookie: a=b',
      'Cookie: c=d',
    )
    expect(lines(forwardRequestHeaders(head, client, upstream)).slice(7)).toEqual([
      'Content-Length: 0',
      'X_Kept:  as  it  is ',
      'Cookie: a=b',
      'Cookie: c=d',
    ])
  })

  it('ask for WebSocket when the client may have it', () => {
    const head = request(
      'Host: h',
      'Connection: Upgrade',
      'Upgrade: WebSocket',
      'Sec-WebSocket-Key: k',
    )
    const sent = lines(forwardRequestHeaders(head, client, { hostHeader: 's', upgrade: true }))
    expect(sent).toContain('Connection: upgrade')
    expect(sent).toContain('Upgrade: websocket')
    expect(sent).toContain('Sec-WebSocket-Key: k')
  })
})

describe('headers to the client', () => {
  const side: ResponseSide = {
    tokens: {
      server: 'kong/1.1.3',
      via: 'kong/1.1.3',
      upstreamLatency: 'X-Kong-Upstream-Latency',
      proxyLatency: 'X-Kong-Proxy-Latency',
      upstreamStatus: undefined,
    },
    extraHeaders: [['X-Extra', 'yes']],
    latencies: { upstreamMs: 7, proxyMs: 1 },
    chunked: false,
    connection: 'keep-alive',
  }

  it('keep the upstream’s own and add Via and latencies', () => {
    const head = response(
      '200 OK',
      'Date: then',
      'Server: s',
      'Content-Length: 3',
      'Set-Cookie: a',
      'Set-Cookie: b',
    )
    expect(lines(forwardResponseHeaders(head, side))).toEqual([
      'Date: then',
      'Server: s',
      'Content-Length: 3',
      'Set-Cookie: a',
      'Set-Cookie: b',
      'Connection: keep-alive',
      'Via: kong/1.1.3',
      'X-Kong-Upstream-Latency: 7',
      'X-Kong-Proxy-Latency: 1',
      'X-Extra: yes',
    ])
  })

  it('replace what the next node says about itself, and what concerns one connection', () => {
    const head = response(
      '200 OK',
      'Date: then',
      'Via: other',
      'x-kong-proxy-latency: 99',
      'Connection: close, X-Hop',
      'X-Hop: 1',
      'Keep-Alive: 1',
      'Transfer-Encoding: chunked',
    )
    const sent = lines(
      forwardResponseHeaders(head, { ...side, chunked: true, connection: 'close' }),
    )
    expect(sent).toEqual([
      'Date: then',
      'Connection: close',
      'Transfer-Encoding: chunked',
      'Via: kong/1.1.3',
      'X-Kong-Upstream-Latency: 7',
      'X-Kong-Proxy-Latency: 1',
      'X-Extra: yes',
    ])
  })

  it('give a date where the upstream gave none, and no length to an answer without content', () => {
    const sent = lines(
      forwardResponseHeaders(response('204 No Content', 'Content-Length: 0'), side),
    )
    expect(sent[0]).toMatch(/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/)
    expect(sent).not.toContain('Content-Length: 0')
  })

  it('say nothing where tokens are off, but the upstream’s status where it is asked for', () => {
    const none = {
      server: undefined,
      via: undefined,
      upstreamLatency: undefined,
      proxyLatency: undefined,
    }
    const head = response('404 Not Found', 'Date: then', 'Via: other')
    const sent = lines(
      forwardResponseHeaders(head, {
        ...side,
        extraHeaders: [],
        tokens: { ...none, upstreamStatus: 'X-Kong-Upstream-Status' },
      }),
    )
    expect(sent).toEqual([
      'Date: then',
      'Via: other',
      'Connection: keep-alive',
      'X-Kong-Upstream-Status: 404',
    ])
  })
})
