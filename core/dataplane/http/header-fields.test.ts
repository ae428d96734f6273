import { describe, expect, it } from 'vitest'
import { HeaderField, headerFields } from '#core/codec/http1-header-field.ts'
import { HeaderFields } from './header-fields.ts'

const given = headerFields([
  ['Accept', 'a'],
  ['X-Two', '1'],
  ['Cookie', 'c'],
  ['x-two', '2'],
])

function rendered(headers: HeaderFields): readonly string[] {
  return HeaderField.render(headers.fields).split('\r\n').slice(0, -1)
}

describe('header fields', () => {
  it('are found whatever the case, in order', () => {
    const headers = new HeaderFields(given)
    expect([headers.get('X-TWO'), headers.get('none')]).toEqual(['1', undefined])
    expect(headers.getAll('x-Two')).toEqual(['1', '2'])
    expect([headers.has('cOOkie'), headers.has('cook')]).toEqual([true, false])
    expect([...headers]).toEqual([
      ['Accept', 'a'],
      ['X-Two', '1'],
      ['Cookie', 'c'],
      ['x-two', '2'],
    ])
  })

  it('leave what they were made of alone, and know whether they differ from it', () => {
    const headers = new HeaderFields(given)
    headers.remove('none')
    expect(headers.changed).toBe(false)
    expect(headers.fields).toBe(given)
    headers.set('X-Two', 'one')
    headers.add('accept', 'b')
    headers.remove('COOKIE')
    expect(headers.changed).toBe(true)
    expect(rendered(headers)).toEqual(['Accept: a', 'X-Two: one', 'accept: b'])
    expect(given).toHaveLength(4)
  })

  it.each([
    ['one line', 'a\r\nX-Evil: b', 'a  X-Evil: b'],
    ['no control character', 'a\0b\x7fc\td', 'a b c\td'],
    ['UTF-8 of other alphabets', 'Łukasz', Buffer.from('Łukasz').toString('latin1')],
    ['UTF-8 of Latin letters', 'José', Buffer.from('José').toString('latin1')],
    [
      'bytes that are UTF-8 already',
      Buffer.from('José').toString('latin1'),
      Buffer.from('José').toString('latin1'),
    ],
  ])('make %s of a value', (_what, value, sent) => {
    const headers = new HeaderFields([])
    headers.set('X', value)
    expect(rendered(headers)).toEqual([`X: ${sent}`])
  })

  it.each(['', 'a b', 'a:b', 'a\r\n', 'ü'])('refuse the name %j', (name) => {
    const headers = new HeaderFields([])
    expect(() => headers.set(name, 'x')).toThrow(TypeError)
    expect(() => headers.add(name, 'x')).toThrow(TypeError)
    expect(headers.fields).toEqual([])
  })
})
