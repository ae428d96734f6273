import { describe, expect, it } from 'vitest'
import { RequestHeadReader } from '#core/codec/http1-request-head.ts'
import { http1RequestText } from './http1-request-text.ts'

const pseudo = [':method', 'GET', ':scheme', 'https', ':path', '/a?b', ':authority', 'h.test']

const text = (rawHeaders: readonly string[], hasBody = false): string =>
  http1RequestText(rawHeaders, { hasBody }).text

/** Whether a strict reader of HTTP/1.1 takes it, and how many headers it finds. */
function fieldsRead(rawHeaders: readonly string[]): number | 'refused' {
  const bytes = Buffer.from(text(rawHeaders), 'latin1')
  const reader = new RequestHeadReader({ maxHeadBytes: 10_000, maxLineBytes: 1000 })
  try {
    expect(reader.read(bytes, 0)).toBe(bytes.length)
    return reader.take()!.fields.length
  } catch {
    return 'refused'
  }
}

describe('an HTTP/2 request in the words of HTTP/1.1', () => {
  it('has a line, a Host and its fields in order, with one line of cookies', () => {
    const fields = ['x-a', '1', 'cookie', 'a=1', 'x-a', '2', 'cookie', 'b=2']
    expect(text([...pseudo, ...fields])).toBe(
      'GET /a?b HTTP/1.1\r\nhost: h.test\r\nx-a: 1\r\nx-a: 2\r\ncookie: a=1; b=2\r\n\r\n',
    )
  })

  it('announces chunks for a body without a length', () => {
    expect(text(pseudo, true)).toContain('\r\ntransfer-encoding: chunked\r\n')
    expect(text([...pseudo, 'content-length', '5'], true)).not.toContain('chunked')
    expect(text(pseudo)).not.toContain('chunked')
  })

  it('takes Host for a missing authority, and one that repeats it', () => {
    const nameless = pseudo.slice(0, 6)
    expect(text([...nameless, 'host', 'h'])).toContain('\r\nhost: h\r\n')
    expect(fieldsRead([...pseudo, 'host', 'H.test:443'])).toBe(1)
  })

  it.each([
    ['no host at all', pseudo.slice(0, 6)],
    ['a Host that is another', [...pseudo, 'host', 'i.test']],
    ['a Host with another port', [...pseudo, 'host', 'h.test:80']],
    ['two Hosts', [...pseudo.slice(0, 6), 'host', 'a', 'host', 'b']],
    ['an absolute target', [':method', 'GET', ':path', 'http://h/', ':authority', 'h']],
    ['the asterisk', [':method', 'OPTIONS', ':path', '*', ':authority', 'h']],
    ['CONNECT', [':method', 'CONNECT', ':authority', 'h:1']],
    ['nothing', []],
    ['a line end in a value', [...pseudo, 'x', 'a\r\nInjected: yes']],
    ['a line end in a name', [...pseudo, 'x: a\r\ny', 'b']],
    [
      'a line end in the target',
      [':method', 'GET', ':path', '/ HTTP/1.1\r\nx: y', ':authority', 'h'],
    ],
    ['a blank in the target', [':method', 'GET', ':path', '/ HTTP/1.1', ':authority', 'h']],
    ['a line end in the method', [':method', 'GET /\r\n', ':path', '/', ':authority', 'h']],
    ['a transfer coding', [...pseudo, 'transfer-encoding', 'chunked']],
    ['an upgrade', [...pseudo, 'upgrade', 'websocket']],
    ['connection options', [...pseudo, 'connection', 'close']],
  ])('is refused by a strict reader for %s', (_what, rawHeaders) => {
    expect(fieldsRead(rawHeaders)).toBe('refused')
  })
})
