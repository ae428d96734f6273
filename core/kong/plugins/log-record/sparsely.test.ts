import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { sparsely } from './sparsely.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

it('sparsely tells the first at once, and the last of each second with their number', () => {
  const told: string[] = []
  const tell = sparsely((message) => told.push(message))
  for (let at = 0; at <= 1500; at += 500) {
    tell(`at ${at}`)
    vi.advanceTimersByTime(500)
  }
  expect(told).toEqual(['at 0', 'at 500', 'at 1500 (and 1 like it)'])
  vi.advanceTimersByTime(2000)
  tell('later')
  expect(told.at(-1)).toBe('later')
})
