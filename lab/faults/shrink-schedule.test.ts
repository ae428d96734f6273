import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import type { Schedule, ScheduledFault } from './schedule.ts'
import { shrinkSchedule } from './shrink-schedule.ts'

const partition = (link: string, atMs: number, forMs: number): ScheduledFault => ({
  atMs,
  forMs,
  spec: { kind: 'partition', link },
})
const linkOf = ({ spec }: ScheduledFault): string => ('link' in spec ? spec.link : '')

describe(shrinkSchedule, () => {
  it('finds the one fault of many that it takes', async () => {
    const schedule = Array.from({ length: 12 }, (_, index) =>
      partition(`l${index}`, index * 100, 800),
    )
    const fails = async (tried: Schedule): Promise<boolean> =>
      tried.some((each) => linkOf(each) === 'l7')
    const { schedule: shrunk, complete } = await shrinkSchedule(schedule, fails)
    expect(shrunk).toEqual([partition('l7', 0, 50)])
    expect(complete).toBe(true)
  })

  it('keeps two that only fail together, as short and as early as they still overlap', async () => {
    const schedule = [
      partition('x', 100, 900),
      partition('a', 1_000, 1_000),
      partition('y', 1_100, 300),
      partition('b', 1_500, 1_000),
    ]
    const fails = async (tried: Schedule): Promise<boolean> => {
      const [a, b] = ['a', 'b'].map((link) => tried.find((each) => linkOf(each) === link))
      if (a === undefined || b === undefined) return false
      return a.atMs < b.atMs + b.forMs && b.atMs < a.atMs + a.forMs
    }
    const { schedule: shrunk } = await shrinkSchedule(schedule, fails)
    expect(shrunk.map(linkOf).toSorted()).toEqual(['a', 'b'])
    expect(shrunk.map(({ forMs }) => forMs)).toEqual([50, 50])
    expect(await fails(shrunk)).toBe(true)
  })

  it('finds any minimal set of three, and each answer fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 19 }), { minLength: 1, maxLength: 3 }),
        async (needed) => {
          const schedule = Array.from({ length: 20 }, (_, index) =>
            partition(`l${index}`, index, 50),
          )
          const fails = async (tried: Schedule): Promise<boolean> => {
            const links = new Set(tried.map(linkOf))
            return needed.every((index) => links.has(`l${index}`))
          }
          const { schedule: shrunk } = await shrinkSchedule(schedule, fails)
          expect(new Set(shrunk.map(linkOf))).toEqual(new Set(needed.map((index) => `l${index}`)))
        },
      ),
      { numRuns: 50 },
    )
  })

  it('stops when the time is over, with what it has by then, and says so', async () => {
    const schedule = Array.from({ length: 16 }, (_, index) =>
      partition(`l${index}`, index * 100, 800),
    )
    let clock = 0
    const fails = async (tried: Schedule): Promise<boolean> => {
      clock += 1_000
      return tried.some((each) => linkOf(each) === 'l0')
    }
    const shrunk = await shrinkSchedule(schedule, fails, { budgetMs: 2_500, now: () => clock })
    expect(shrunk).toMatchObject({ trials: 3, complete: false })
    expect(shrunk.schedule.length).toBeLessThan(16)
    expect(shrunk.schedule.map(linkOf)).toContain('l0')
  })
})
