import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileCycle } from './round-robin.ts'

describe('compileCycle', () => {
  it('is as short as the weights allow and alternates evenly', () => {
    expect([...compileCycle([100, 100], 10)]).toEqual([0, 1])
    expect([...compileCycle([500, 250, 0], 10)]).toEqual([0, 1, 0])
  })

  it('gives everybody with weight a turn, whatever the slots', () => {
    expect(counts(compileCycle([1000, 1], 10), 2)).toEqual([9, 1])
    expect(counts(compileCycle([999, 1000], 10), 2)).toEqual([5, 5])
    expect(
      counts(
        compileCycle(
          Array.from({ length: 20 }, () => 7.5),
          10,
        ),
        20,
      ),
    ).toEqual(Array.from({ length: 20 }, () => 1))
  })

  it('is empty without weight', () => {
    expect([...compileCycle([0, 0], 10)]).toEqual([])
    expect([...compileCycle([], 10)]).toEqual([])
  })

  it('is exact for all weights that fit', () => {
    const weights = fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(weights, (each) => {
        const total = sum(each)
        const cycle = compileCycle(each, 10_000)
        for (const [i, count] of counts(cycle, each.length).entries()) {
          expect(count * total).toBe(each[i]! * cycle.length)
        }
      }),
    )
  })

  it('rounds weights of a slot or more by less than one', () => {
    const weights = fc.array(fc.integer({ min: 100, max: 1000 }), { minLength: 2, maxLength: 8 })
    fc.assert(
      fc.property(weights, (each) => {
        const total = sum(each)
        const rounded = counts(compileCycle(each, 97), each.length)
        for (const [i, count] of rounded.entries()) {
          expect(Math.abs(count - (each[i]! / total) * sum(rounded))).toBeLessThan(1)
        }
      }),
    )
  })
})

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}

function counts(cycle: Uint32Array, members: number): number[] {
  return Array.from({ length: members }, (_, i) => cycle.filter((member) => member === i).length)
}
