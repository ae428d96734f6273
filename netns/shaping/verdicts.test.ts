import { describe, expect, it } from 'vitest'
import { Verdicts, type QueueShape } from './verdicts.ts'

const plain: QueueShape = { delayMs: 0, jitterMs: 0, loss: 0, reorder: 0, seed: 1 }
const ids = Array.from({ length: 10_000 }, (_, index) => index)

describe(Verdicts, () => {
  it('loses the same packets of the same seed, whatever else is asked', () => {
    const lost = (shape: Partial<QueueShape>): readonly number[] => {
      const verdicts = new Verdicts({ ...plain, loss: 0.1, ...shape })
      return ids.filter((id) => verdicts.decide(id, 0) === 'drop')
    }
    expect(lost({})).toEqual(lost({ delayMs: 20, jitterMs: 5, reorder: 0.3 }))
    expect(lost({})).not.toEqual(lost({ seed: 2 }))
    expect(lost({}).length).toBeGreaterThan(900)
    expect(lost({}).length).toBeLessThan(1_100)
  })

  it('begins anew', () => {
    const verdicts = new Verdicts({ ...plain, loss: 0.5 })
    const first = ids.map((id) => verdicts.decide(id, 0))
    expect(ids.map((id) => verdicts.decide(id, 0))).not.toEqual(first)
    verdicts.restart()
    expect(ids.map((id) => verdicts.decide(id, 0))).toEqual(first)
  })

  it('lets packets go when they are due, in the order of their times', () => {
    const verdicts = new Verdicts({ ...plain, delayMs: 50, jitterMs: 20 })
    for (const id of ids.slice(0, 500)) expect(verdicts.decide(id, id)).toBe('wait')
    expect(verdicts.takeDue(29)).toEqual([])
    const early = verdicts.takeDue(300)
    const late = verdicts.takeAll()
    const times = [...early, ...late].map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(early.length + late.length).toBe(500)
    expect(early.every(({ atMs }) => atMs <= 300)).toBe(true)
    expect(late.every(({ atMs }) => atMs > 300)).toBe(true)
    expect([...early, ...late].every(({ id, atMs }) => Math.abs(atMs - id - 50) <= 20)).toBe(true)
    expect(verdicts.nextAtMs).toBeUndefined()
  })

  it('lets the share of reorder go at once, so that they overtake', () => {
    const verdicts = new Verdicts({ ...plain, delayMs: 10, reorder: 0.25 })
    const atOnce = ids.filter((id) => verdicts.decide(id, 0) === 'accept')
    expect(atOnce.length).toBeGreaterThan(2_300)
    expect(atOnce.length).toBeLessThan(2_700)
  })

  it('loses what comes on top of all it can hold', () => {
    const verdicts = new Verdicts({ ...plain, delayMs: 10 })
    const many = Array.from({ length: 20_001 }, (_, id) => verdicts.decide(id, 0))
    expect(many.filter((each) => each === 'drop')).toHaveLength(1)
    expect(verdicts.takeDue(10)).toHaveLength(20_000)
    expect(verdicts.decide(0, 20)).toBe('wait')
  })
})
