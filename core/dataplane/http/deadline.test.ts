import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Deadline } from './deadline.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function counting(): { readonly deadline: Deadline; readonly count: () => number } {
  let count = 0
  return { deadline: new Deadline(() => (count += 1)), count: () => count }
}

it('expires once, when the latest start says', () => {
  const { deadline, count } = counting()
  deadline.start(100)
  vi.advanceTimersByTime(90)
  deadline.start(100)
  vi.advanceTimersByTime(90)
  expect(count()).toBe(0)
  vi.advanceTimersByTime(20)
  expect(count()).toBe(1)
  vi.advanceTimersByTime(1000)
  expect(count()).toBe(1)
})

it('can be moved forward', () => {
  const { deadline, count } = counting()
  deadline.start(1000)
  deadline.start(10)
  vi.advanceTimersByTime(11)
  expect(count()).toBe(1)
})

it('does not expire when it was stopped, but can be started again', () => {
  const { deadline, count } = counting()
  deadline.start(100)
  deadline.stop()
  vi.advanceTimersByTime(200)
  expect(count()).toBe(0)
  deadline.start(50)
  vi.advanceTimersByTime(51)
  expect(count()).toBe(1)
})

it('leaves no timer behind when it is disposed', () => {
  const { deadline } = counting()
  deadline.start(100)
  expect(vi.getTimerCount()).toBe(1)
  deadline[Symbol.dispose]()
  expect(vi.getTimerCount()).toBe(0)
})
