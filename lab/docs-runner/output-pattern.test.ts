import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findOutput, matchOutput } from './output-pattern.ts'

describe('matchOutput', () => {
  it('wants the very text, whatever the line ends and trailing spaces of a terminal', () => {
    expect(matchOutput('Kong started', 'Kong started\r\n')).toBe(true)
    expect(matchOutput('a\nb', 'a  \r\nb\r\n\r\n')).toBe(true)
    expect(matchOutput('Kong started', 'Kong started twice\n')).toBe(false)
    expect(matchOutput('a.c', 'abc')).toBe(false)
    expect(matchOutput('a\nb', 'a b')).toBe(false)
    // A terminal adds its own carriage return to that of a header.
    expect(matchOutput('A: 1\nB: 2', 'A: 1\r\r\nB: 2\r\r\n')).toBe(true)
  })

  it('lets … stand for text within a line, and not for more than a line', () => {
    expect(matchOutput('Ncat: Version … ( x )', 'Ncat: Version 7.93 ( x )')).toBe(true)
    expect(matchOutput('{…"name":"b"…}', '{"id":1,"name":"b"}')).toBe(true)
    expect(matchOutput('a…b', 'a\nb')).toBe(false)
  })

  it('lets … alone on a line stand for any number of lines', () => {
    for (const printed of ['a\nz', 'a\nb\nz', 'a\nb\nc\nz']) {
      expect(matchOutput('a\n…\nz', printed)).toBe(true)
    }
    expect(matchOutput('…\nz', 'z')).toBe(true)
    expect(matchOutput('a\n…', 'a')).toBe(true)
    expect(matchOutput('a\n…', 'a\nb\nc')).toBe(true)
    expect(matchOutput('…', 'a\nb')).toBe(true)
    expect(matchOutput('a\n…\nz', 'az')).toBe(false)
    expect(matchOutput('…\nz', 'yz')).toBe(false)
  })

  it('matches any text that has no … with itself', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('…'))
    fc.assert(fc.property(text, (value) => matchOutput(value, value)))
  })
})

describe('findOutput', () => {
  const printed = 'one\ntwo\nthree\ntwo\n'

  it('finds whole lines, each only once when it goes on from where the last ended', () => {
    const first = findOutput('two', printed, 0)
    expect(first).toBe('one\ntwo'.length)
    const second = findOutput('two', printed, first ?? 0)
    expect(second).toBe('one\ntwo\nthree\ntwo'.length)
    expect(findOutput('two', printed, second ?? 0)).toBeUndefined()
    expect(findOutput('wo', printed, 0)).toBeUndefined()
  })
})
