import { afterEach, describe, expect, it, vi } from 'vitest'
import { describeCounters } from './counters-suite.ts'
import { LocalCounters } from './local-counters.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('local counters', () => {
  describeCounters(() => new LocalCounters())

  it('answer at once', () => {
    expect(new LocalCounters().take([{ key: 'a', end: Date.now() + 1000, limit: 1 }])).toEqual([0])
  })

  it('forget a window when one opens after its end, and none before', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1000 })
    const counters = new LocalCounters()
    counters.add([{ key: 'a', end: 2000, by: 1 }])
    vi.setSystemTime(1999)
    counters.add([{ key: 'a', end: 3000, by: 1 }])
    expect(counters.read([{ key: 'a', end: 2000 }])).toEqual([1])
    vi.setSystemTime(2000)
    counters.add([{ key: 'a', end: 4000, by: 1 }])
    expect(counters.read([{ key: 'a', end: 2000 }])).toEqual([0])
    expect(counters.read([{ key: 'a', end: 3000 }])).toEqual([1])
  })

  it('forget the oldest of a window rather than growing without end', () => {
    const counters = new LocalCounters()
    const end = Date.now() + 60_000
    for (let index = 0; index <= 250_000; index += 1) {
      counters.add([{ key: `${index}`, end, by: 1 }])
    }
    expect(counters.read(['0', '1', '250000'].map((key) => ({ key, end })))).toEqual([0, 1, 1])
  })
})
