import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConfFile, renderConfFile } from './conf-file.ts'

describe('parseConfFile', () => {
  it('reads assignments and passes over everything else', () => {
    const text =
      '# a comment\n\nprefix = /srv/kong\r\n  LOG_LEVEL=debug\nnonsense\nprefix = /last\n'
    expect([...parseConfFile(text)]).toEqual([
      ['prefix', '/last'],
      ['log_level', 'debug'],
    ])
  })

  it('takes a line separator of Unicode for an ordinary character', () => {
    expect(parseConfFile('key = a\u2028b\n').get('key')).toBe('a\u2028b')
  })

  it('reads back whatever renderConfFile wrote, but for line breaks and outer white space', () => {
    assert(
      property(string({ unit: 'grapheme' }), (raw) => {
        // A backslash before an octothorpe is the one thing that the syntax cannot say.
        const value = raw.replaceAll('\\', '/')
        const read = parseConfFile(renderConfFile([['key', value]])).get('key')
        expect(read).toBe(value.replace(/[\r\n]+/g, ' ').trim())
      }),
    )
  })
})
