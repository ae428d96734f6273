import { describe, expect, it } from 'vitest'
import { combineShapes, isImpaired, untouched } from './shape.ts'

describe(combineShapes, () => {
  it('adds delays, multiplies what is left of losses and takes the slowest rate', () => {
    const one = { ...untouched, delayMs: 20, loss: 0.5, rate: 8e6, seed: 3 }
    const other = {
      ...untouched,
      delayMs: 30,
      jitterMs: 5,
      loss: 0.5,
      rate: 1e6,
      seed: 4,
      duplicate: 0.5,
    }
    expect(combineShapes([one, other])).toEqual({
      ...untouched,
      delayMs: 50,
      jitterMs: 5,
      loss: 0.75,
      duplicate: 0.5,
      rate: 1e6,
      seed: 3,
    })
  })

  it('knows a rate beside none, and a cut beside anything', () => {
    const cut = combineShapes([untouched, { ...untouched, rate: 5e6 }, { ...untouched, cut: true }])
    expect(cut).toMatchObject({ rate: 5e6, cut: true })
    expect(isImpaired(cut)).toBe(false)
    expect(isImpaired({ ...untouched, reorder: 0.1 })).toBe(true)
    expect(isImpaired({ ...untouched, duplicate: 0.1 })).toBe(true)
  })
})
