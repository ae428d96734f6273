import { describe, expect, it } from 'vitest'
import { ResponseHeadReader, type ResponseHead } from './http1-response-head.ts'
import { HttpSyntaxError } from './http1-syntax-error.ts'

function read(text: string, method = 'GET'): ResponseHead | undefined {
  const reader = new ResponseHeadReader({ maxHeadBytes: 1000, maxLineBytes: 200 })
  reader.read(Buffer.from(text, 'latin1'), 0)
  return reader.take(method)
}

describe('a response head', () => {
  it.each([
    ['HTTP/1.1 200 OK', 200, 'OK'],
    ['HTTP/1.1 404 Not  Found', 404, 'Not  Found'],
    ['HTTP/1.1 200 ', 200, ''],
    ['HTTP/1.0 999', 999, ''],
  ])('may begin with "%s"', (line, status, reason) => {
    expect(read(`${line}\r\n\r\n`)).toMatchObject({ status, reason })
  })

  it.each([
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 099 OK',
    'HTTP/2.0 200 OK',
    'http/1.1 200 OK',
    'Hello',
    ' HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK\nX: y',
  ])('may not begin with "%s"', (line) => {
    expect(() => read(`${line}\r\n\r\n`)).toThrow(HttpSyntaxError)
  })

  it.each([
    ['GET', '200', '', 'until-close', false],
    ['GET', '200', 'Content-Length: 3', 'length', true],
    ['GET', '200', 'Transfer-Encoding: chunked', 'chunked', true],
    ['GET', '200', 'Content-Length: 3\r\nConnection: close', 'length', false],
    ['HEAD', '200', 'Content-Length: 3', 'none', true],
    ['HEAD', '200', 'Transfer-Encoding: chunked', 'none', true],
    ['GET', '204', 'Content-Length: 3', 'none', true],
    ['GET', '304', 'Content-Length: 3', 'none', true],
    ['GET', '103', '', 'none', true],
  ])(
    'to %s with status %s and "%s" has a body that is %s',
    (method, status, header, kind, persistent) => {
      const head = read(
        `HTTP/1.1 ${status} x\r\n${header === '' ? '' : `${header}\r\n`}\r\n`,
        method,
      )
      expect(head?.framing.kind).toBe(kind)
      expect(head?.persistent).toBe(persistent)
    },
  )

  it.each([
    '200 x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked',
    '200 x\r\nContent-Length: 3\r\nContent-Length: 3',
    '200 x\r\nTransfer-Encoding: gzip',
    '103 x\r\nContent-Length: 3',
  ])('is refused when it contradicts itself: %j', (lines) => {
    expect(() => read(`HTTP/1.1 ${lines}\r\n\r\n`)).toThrow(/Content-Length|Transfer-Encoding|body/)
  })
})
