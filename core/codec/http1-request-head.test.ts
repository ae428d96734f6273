import { describe, expect, it } from 'vitest'
import { RequestHeadReader, type RequestHead } from './http1-request-head.ts'
import { HttpSyntaxError } from './http1-syntax-error.ts'

const limits = { maxHeadBytes: 1000, maxLineBytes: 200 }

function read(text: string): RequestHead | undefined {
  const reader = new RequestHeadReader(limits)
  reader.read(Buffer.from(text, 'latin1'), 0)
  return reader.take()
}

/** The status with which a text is refused. */
function refusal(text: string): number | undefined {
  try {
    read(text)
    return undefined
  } catch (fault) {
    if (fault instanceof HttpSyntaxError) return fault.status
    throw fault
  }
}

const post = (...headers: readonly string[]): string =>
  `POST / HTTP/1.1\r\nHost: h\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`

const lineOf = (length: number): string => `GET /${'x'.repeat(length - 14)} HTTP/1.1`

describe('a request head', () => {
  it('is read with its headers in order and as they were written', () => {
    const head = read(
      'POST /p%20q?a=b?c HTTP/1.1\r\nhOST: h:1\r\nX-A:\t one \r\nX-Empty:\r\nx-a: two\r\nContent-Length: 07\r\n\r\nbody',
    )
    expect(head).toMatchObject({
      line: 'POST /p%20q?a=b?c HTTP/1.1',
      method: 'POST',
      path: '/p%20q',
      query: '?a=b?c',
      authority: 'h:1',
      targetScheme: undefined,
      minorVersion: 1,
      framing: { kind: 'length', length: 7 },
      persistent: true,
    })
    expect(head?.fields.map(({ key, name, value }) => [key, name, value])).toEqual([
      ['host', 'hOST', 'h:1'],
      ['x-a', 'X-A', 'one'],
      ['x-empty', 'X-Empty', ''],
      ['x-a', 'x-a', 'two'],
      ['content-length', 'Content-Length', '07'],
    ])
  })

  it('ends where its empty line ends, however it was cut', () => {
    const text = Buffer.from('\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\nGET /next')
    for (let cut = 1; cut < text.length; cut++) {
      const reader = new RequestHeadReader(limits)
      let end = reader.read(text.subarray(0, cut), 0)
      if (reader.begun) end = cut + reader.read(text.subarray(cut), 0)
      expect(end).toBe(text.indexOf('GET /next'))
      expect(reader.take()?.authority).toBe('h')
    }
  })

  it('names the host of an absolute target', () => {
    expect(read('GET http://u@T:81/x?y HTTP/1.1\r\nHost: t:81\r\n\r\n')).toMatchObject({
      targetScheme: 'http',
      authority: 'T:81',
      path: '/x',
      query: '?y',
    })
    expect(read('GET HTTPS://t?y HTTP/1.1\r\nHost: T\r\n\r\n')).toMatchObject({
      targetScheme: 'https',
      authority: 't',
      path: '/',
      query: '?y',
    })
    expect(read('GET http://t/ HTTP/1.0\r\n\r\n')?.authority).toBe('t')
  })

  it.each(['http://t/', 'http://t/?x', 'https://t'])('prefers %s to any Host', (target) => {
    expect(read(`GET ${target} HTTP/1.1\r\nHost: h:81\r\n\r\n`)?.authority).toBe('t')
  })

  it.each([
    ['HTTP/1.1', '', true],
    ['HTTP/1.1', 'Connection: close\r\n', false],
    ['HTTP/1.1', 'Connection: x, Close\r\n', false],
    ['HTTP/1.1', 'Connection: x\r\nConnection: close\r\n', false],
    ['HTTP/1.0', '', false],
    ['HTTP/1.0', 'Connection: Keep-Alive\r\n', true],
  ])('of %s with "%s" leaves the connection open: %s', (version, line, persistent) => {
    expect(read(`GET / ${version}\r\nHost: h\r\n${line}\r\n`)?.persistent).toBe(persistent)
  })

  it('needs a Host only in HTTP/1.1', () => {
    expect(read('GET / HTTP/1.0\r\n\r\n')?.authority).toBeUndefined()
    expect(refusal('GET / HTTP/1.1\r\n\r\n')).toBe(400)
  })
})

describe('a request is refused with 400', () => {
  const lines: readonly (readonly [string, string])[] = [
    ['a bare LF after the request line', 'GET / HTTP/1.1\nHost: h\r\n\r\n'],
    ['a bare LF after a header', 'GET / HTTP/1.1\r\nHost: h\n\r\n'],
    ['a bare LF as the empty line', 'GET / HTTP/1.1\r\nHost: h\r\n\n'],
    ['a CR inside a value', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n'],
    ['a NUL in a value', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n'],
    ['a control byte in a value', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\x01b\r\n\r\n'],
    ['DEL in a value', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\x7fb\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n'],
    ['a folded first header', 'GET / HTTP/1.1\r\n Host: h\r\n\r\n'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : h\r\n\r\n'],
    ['a header without a name', 'GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n'],
    ['a name that is no token', 'GET / HTTP/1.1\r\nHost: h\r\nX(y): 1\r\n\r\n'],
    ['a TLS ClientHello', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'],
    ['two spaces in the request line', 'GET  / HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a tab in the request line', 'GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a lower-case method', 'get / HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['no version', 'GET /\r\nHost: h\r\n\r\n'],
    ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: h\r\n\r\n'],
    ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: h\r\n\r\n'],
    ['a space after the version', 'GET / HTTP/1.1 \r\nHost: h\r\n\r\n'],
    ['a fragment', 'GET /#x HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a byte beyond ASCII in the target', 'GET /\xe9 HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['the asterisk form', 'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['CONNECT', 'CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['another scheme', 'GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n'],
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
    ['a Host with a path', 'GET / HTTP/1.1\r\nHost: h/x\r\n\r\n'],
    ['a Host with a user name', 'GET / HTTP/1.1\r\nHost: u@h\r\n\r\n'],
    ['a list of Hosts', 'GET / HTTP/1.1\r\nHost: h, i\r\n\r\n'],
  ]
  it.each(lines)('for %s', (_what, text) => {
    expect(refusal(text)).toBe(400)
  })

  const framings: readonly (readonly string[])[] = [
    ['Content-Length: 1', 'Content-Length: 1'],
    ['Content-Length: 1', 'Content-Length: 2'],
    ['Content-Length: 1, 1'],
    ['Content-Length: +1'],
    ['Content-Length: -1'],
    ['Content-Length: 0x1'],
    ['Content-Length: 1 1'],
    ['Content-Length: 1e1'],
    ['Content-Length:'],
    ['Content-Length: 9999999999999999'],
    ['Content-Length: 1', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Content-Length: 0'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: gzip, chunked'],
    ['Transfer-Encoding: chunked, chunked'],
    ['Transfer-Encoding: identity'],
    ['Transfer-Encoding: xchunked'],
    ['Transfer-Encoding: "chunked"'],
    ['Transfer-Encoding: chunked;x=y'],
    ['Transfer-Encoding:'],
    ['Transfer-Encoding: \x0bchunked'],
    ['Transfer-Encoding: chunked,'],
    ['Transfer-Encoding: ,chunked'],
    ['Transfer-Encoding: chunked ,'],
    ['Transfer-Encoding: chunked\x00'],
    ['Transfer-Encoding : chunked'],
    ['Transfer-Encoding: chun', ' ked'],
    ['Transfer-Encoding: \xa0chunked'],
    ['Transfer-Encoding: chunKed, identity'],
    ['Content-Length : 1'],
    ['Content-Length: 1\x00'],
    ['Content-Length: \x0b1'],
    ['Content-Length: 1;'],
    ['Content-Length: \u00b2'],
    ['Content-Length: 1', 'content-length: 1'],
  ]
  it.each(framings.map((headers) => [headers.join(' | '), post(...headers)]))(
    'for %s',
    (_what, text) => {
      expect(refusal(text)).toBe(400)
    },
  )

  it('for chunks in HTTP/1.0', () => {
    expect(refusal('POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n')).toBe(400)
  })

  it('but not for the same shapes written correctly', () => {
    expect(read(post('Content-Length: 1'))?.framing).toEqual({ kind: 'length', length: 1 })
    expect(read(post('transfer-encoding:CHUNKED'))?.framing).toEqual({ kind: 'chunked' })
  })
})

describe('a head that is too large', () => {
  it('is refused with 414 for its request line, complete or not', () => {
    expect(refusal(`${lineOf(200)}\r\nHost: h\r\n\r\n`)).toBeUndefined()
    expect(refusal(`${lineOf(201)}\r\nHost: h\r\n\r\n`)).toBe(414)
    expect(refusal(lineOf(202))).toBe(414)
  })

  it('is refused with 494 for a header line or for all of it, complete or not', () => {
    const start = 'GET / HTTP/1.1\r\nHost: h\r\n'
    expect(refusal(`${start}X: ${'x'.repeat(197)}\r\n\r\n`)).toBeUndefined()
    expect(refusal(`${start}X: ${'x'.repeat(198)}\r\n\r\n`)).toBe(494)
    expect(refusal(`${start}X: ${'x'.repeat(300)}`)).toBe(494)
    expect(refusal(`${start}${`X: ${'x'.repeat(95)}\r\n`.repeat(10)}\r\n`)).toBe(494)
    expect(refusal(start + `X: ${'x'.repeat(95)}\r\n`.repeat(10))).toBe(494)
  })

  it('case 199: is refused with 494 for a header of 10 KiB under the limits of nginx', () => {
    const reader = new RequestHeadReader({ maxHeadBytes: 32 * 1024, maxLineBytes: 8 * 1024 })
    const head = `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(10 * 1024)}\r\n\r\n`
    expect(() => reader.read(Buffer.from(head), 0)).toThrow(
      expect.objectContaining({ status: 494 }),
    )
    const allowed = `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(8 * 1024 - 3)}\r\n\r\n`
    const fresh = new RequestHeadReader({ maxHeadBytes: 32 * 1024, maxLineBytes: 8 * 1024 })
    fresh.read(Buffer.from(allowed), 0)
    expect(fresh.take()?.authority).toBe('h')
  })

  it('is still known by its request line', () => {
    const reader = new RequestHeadReader(limits)
    expect(() =>
      reader.read(Buffer.from(`GET /line HTTP/1.1\r\nX: ${'x'.repeat(300)}`), 0),
    ).toThrow(/200 bytes/)
    expect(reader.partialLine).toBe('GET /line HTTP/1.1')
  })
})
