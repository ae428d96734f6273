import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { periods } from '#core/kong/plugins/limits/period.ts'
import { chooseOutcome } from './choose-outcome.ts'

describe('chooseOutcome', () => {
  it('takes this request off what remains, in every period', () => {
    expect(
      chooseOutcome([
        { period: 'minute', limit: 3, used: 0 },
        { period: 'hour', limit: 5, used: 2 },
      ]),
    ).toEqual({
      blocked: false,
      headers: [
        ['X-RateLimit-Limit-minute', '3'],
        ['X-RateLimit-Remaining-minute', '2'],
        ['X-RateLimit-Limit-hour', '5'],
        ['X-RateLimit-Remaining-hour', '2'],
      ],
    })
  })

  it('blocks when one period is used up, and takes nothing off the others', () => {
    const usage = [
      { period: 'minute', limit: 3, used: 3 },
      { period: 'hour', limit: 5, used: 3 },
    ] as const
    expect(Object.fromEntries(chooseOutcome(usage).headers)).toMatchObject({
      'X-RateLimit-Remaining-minute': '0',
      'X-RateLimit-Remaining-hour': '2',
    })
    expect(chooseOutcome(usage).blocked).toBe(true)
  })

  it('never shows less than nothing, and blocks exactly when something is used up', () => {
    const usage = fc.array(
      fc.record({
        period: fc.constantFrom(...periods),
        limit: fc.integer({ min: 1, max: 20 }),
        used: fc.integer({ min: 0, max: 25 }),
      }),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(usage, (given) => {
        const { blocked, headers } = chooseOutcome(given)
        expect(blocked).toBe(given.some(({ limit, used }) => used >= limit))
        expect(headers.every(([, value]) => Number(value) >= 0)).toBe(true)
      }),
    )
  })
})
