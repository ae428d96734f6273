import { expect, it } from 'vitest'
import type { LimitedCounter, UsageCounters } from './usage-counters.ts'

/** Of one window, also when a year ends meanwhile. */
const end = Date.now() + 3_600_000

/** A counter of a window that is open. */
export function counter(key: string, limit = 10): LimitedCounter {
  return { key, limit, end }
}

/** What holds wherever is counted. */
export function describeCounters(open: () => UsageCounters): void {
  it('count each use, and tell what was used before', async () => {
    const counters = open()
    expect(await counters.take([counter('a')])).toEqual([0])
    expect(await counters.take([counter('a')])).toEqual([1])
    expect(await counters.take([counter('a'), counter('b')])).toEqual([2, 0])
    expect(await counters.read([counter('a'), counter('b'), counter('c')])).toEqual([3, 1, 0])
  })

  it('count nothing when one of them is used up', async () => {
    const counters = open()
    await counters.take([counter('full', 1)])
    expect(await counters.take([counter('free'), counter('full', 1)])).toEqual([0, 1])
    expect(await counters.read([counter('free'), counter('full')])).toEqual([0, 1])
  })

  it('let exactly as many of a burst pass as are allowed', async () => {
    const counters = open()
    const burst = Array.from({ length: 100 }, async () => counters.take([counter('burst', 10)]))
    const used = (await Promise.all(burst)).map(([before = NaN]) => before)
    expect(used.filter((before) => before < 10).toSorted((a, b) => a - b)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ])
    expect(await counters.read([counter('burst')])).toEqual([10])
  })

  it('add any amount', async () => {
    const counters = open()
    counters.add([
      { ...counter('sum'), by: 3 },
      { ...counter('other'), by: 0.5 },
    ])
    counters.add([{ ...counter('sum'), by: 4 }])
    await expect.poll(() => counters.read([counter('sum'), counter('other')])).toEqual([7, 0.5])
  })
}
