import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { argumentValues, withoutArgument } from './query-arguments.ts'

describe('argumentValues', () => {
  it.each([
    ['?key=a', ['a']],
    ['?x=1&key=a+b%21&key', ['a b!', true]],
    ['?k%65y=a', ['a']],
    ['?key=', ['']],
    ['?KEY=a', []],
    ['', []],
  ])('reads %j as %j', (query, values) => {
    expect(argumentValues(query, 'key')).toEqual(values)
  })
})

describe('withoutArgument', () => {
  it.each([
    ['?key=a', ''],
    ['?key=a&x=%20+&y', '?x=%20+&y'],
    ['?x=1&k%65y=a&key&y=2', '?x=1&y=2'],
    ['key=a&x=1', 'x=1'],
    ['?x=1', '?x=1'],
    ['', ''],
  ])('makes %j into %j', (query, rest) => {
    expect(withoutArgument(query, 'key')).toBe(rest)
  })

  it('leaves no value of the argument and all of the others, whatever there is', () => {
    const part = fc.constantFrom('key=1', 'key', '%6bey=2', 'x=1', 'y', '', 'k=%', 'x=key=1')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const query = `?${parts.join('&')}`
        const rest = withoutArgument(query, 'key')
        expect(argumentValues(rest, 'key')).toEqual([])
        expect(argumentValues(rest, 'x')).toEqual(argumentValues(query, 'x'))
      }),
    )
  })
})
