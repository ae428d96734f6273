import { describe, expect, it } from 'vitest'
import { BodyReader } from './http1-body.ts'
import { HttpSyntaxError } from './http1-syntax-error.ts'

/** Reads a text whole; returns the payload and where the body ended, or -1 when it goes on. */
function read(reader: BodyReader, text: string): readonly [payload: string, end: number] {
  let payload = ''
  const end = reader.read(Buffer.from(text, 'latin1'), 0, (bytes, from, to) => {
    payload += Buffer.from(bytes.subarray(from, to)).toString('latin1')
  })
  return [payload, reader.done ? end : -1]
}

const chunked = (): BodyReader => new BodyReader({ kind: 'chunked' })

describe('a body', () => {
  it('of a given length ends there', () => {
    expect(read(new BodyReader({ kind: 'length', length: 3 }), 'abcdef')).toEqual(['abc', 3])
    expect(read(new BodyReader({ kind: 'length', length: 3 }), 'ab')).toEqual(['ab', -1])
    expect(new BodyReader({ kind: 'length', length: 0 }).done).toBe(true)
  })

  it('without framing is over before it begins', () => {
    expect(new BodyReader({ kind: 'none' }).done).toBe(true)
  })

  it('until close goes on until the end', () => {
    const reader = new BodyReader({ kind: 'until-close' })
    expect(read(reader, 'abc')).toEqual(['abc', -1])
    expect(reader.end()).toBe(true)
    expect(reader.done).toBe(true)
  })

  it('that is cut short is not complete', () => {
    const fixed = new BodyReader({ kind: 'length', length: 3 })
    read(fixed, 'ab')
    expect(fixed.end()).toBe(false)
    const pieces = chunked()
    read(pieces, '3\r\nabc\r\n0\r\n')
    expect(pieces.end()).toBe(false)
  })

  it('counts its payload without the framing of chunks', () => {
    const reader = chunked()
    read(reader, '3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n')
    expect(reader.payloadBytes).toBe(5)
  })
})

describe('chunks', () => {
  it.each([
    ['3\r\nabc\r\n0\r\n\r\nnext', 'abc', 13],
    ['A\r\n0123456789\r\n00\r\n\r\n', '0123456789', 21],
    ['3;a;b=c;d="e;\\"f"\r\nabc\r\n0;x\r\n\r\n', 'abc', 31],
    ['0\r\nX-T: 1\r\nY:\r\n\r\nnext', '', 17],
  ])('in %j end where the last one ends', (text, payload, end) => {
    expect(read(chunked(), text)).toEqual([payload, end])
  })

  it.each([
    '\r\n',
    ' 3\r\nabc',
    '3 \r\nabc',
    '3\nabc',
    '3\rabc',
    '0x3\r\nabc',
    '+3\r\nabc',
    '-3\r\nabc',
    'g\r\n',
    '1234567890123\r\n',
    '3\r\nabcd\r\n',
    '3\r\nabc\n',
    '3\r\nabc\rx',
    '3;\r\nabc',
    '3;=b\r\nabc',
    '3;a=\r\nabc',
    '3;a b\r\nabc',
    '3;a="b\r\nabc',
    '3;a\x01\r\nabc',
    '3;a\nabc',
    '0\r\n x\r\n\r\n',
    '0\r\nno colon\r\n\r\n',
    '0\r\nX: 1\n\r\n',
    '0\r\nContent-Length: 3\r\n\r\n',
    '0\r\ntransfer-encoding: chunked\r\n\r\n',
    '0\r\nHost: h\r\n\r\n',
    `0;${'a'.repeat(20_000)}\r\n\r\n`,
    `0\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
  ])('that begin with %j are refused', (text) => {
    expect(() => read(chunked(), text)).toThrow(HttpSyntaxError)
  })

  it('may not hide many small extensions', () => {
    const reader = chunked()
    expect(() => read(reader, `1;${'x'.repeat(99)}\r\na\r\n`.repeat(200))).toThrow(/extensions/)
  })
})
