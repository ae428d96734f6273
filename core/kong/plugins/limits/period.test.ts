import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { periods, windowAt } from './period.ts'

const moment = fc.integer({ min: 0, max: Date.UTC(2100, 0) })
const period = fc.constantFrom(...periods)

describe('windowAt', () => {
  it.each([
    ['second', '2024-02-29T23:59:59.000Z', '2024-03-01T00:00:00.000Z'],
    ['minute', '2024-02-29T23:59:00.000Z', '2024-03-01T00:00:00.000Z'],
    ['hour', '2024-02-29T23:00:00.000Z', '2024-03-01T00:00:00.000Z'],
    ['day', '2024-02-29T00:00:00.000Z', '2024-03-01T00:00:00.000Z'],
    ['month', '2024-02-01T00:00:00.000Z', '2024-03-01T00:00:00.000Z'],
    ['year', '2024-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z'],
  ] as const)('a %s goes from %s to %s', (name, start, end) => {
    const window = windowAt(name, Date.UTC(2024, 1, 29, 23, 59, 59, 999))
    expect(new Date(window.start).toISOString()).toBe(start)
    expect(new Date(window.end).toISOString()).toBe(end)
  })

  it('holds the moment it is asked for', () => {
    fc.assert(
      fc.property(period, moment, (name, now) => {
        const { start, end } = windowAt(name, now)
        expect(start <= now && now < end).toBe(true)
      }),
    )
  })

  it('is the same from its first to its last ms and another one at its end', () => {
    fc.assert(
      fc.property(period, moment, (name, now) => {
        const window = windowAt(name, now)
        expect(windowAt(name, window.start)).toEqual(window)
        expect(windowAt(name, window.end - 1)).toEqual(window)
        expect(windowAt(name, window.end).start).toBe(window.end)
      }),
    )
  })

  it('lies wholly in the window of every longer period', () => {
    fc.assert(
      fc.property(moment, (now) => {
        const windows = periods.map((name) => windowAt(name, now))
        for (const [index, { start, end }] of windows.slice(0, -1).entries()) {
          const longer = windows[index + 1]
          expect(longer && longer.start <= start && end <= longer.end).toBe(true)
        }
      }),
    )
  })
})
