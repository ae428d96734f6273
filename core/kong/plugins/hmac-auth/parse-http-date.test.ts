import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseHttpDate } from './parse-http-date.ts'

describe('parseHttpDate', () => {
  it.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
  ])('reads %s', (text) => {
    expect(parseHttpDate(text)).toBe(784_111_777_000)
  })

  it.each(['', 'now', '784111777', 'Sun, 06 Nov 1994 08:49:37', 'Sun, 06 Nov 1994 25:49:37 GMT'])(
    'finds no date in %j',
    (text) => {
      expect(parseHttpDate(text)).toBeUndefined()
    },
  )

  it('reads every second as it is written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (seconds) => {
        expect(parseHttpDate(new Date(seconds * 1000).toUTCString())).toBe(seconds * 1000)
      }),
    )
  })
})
