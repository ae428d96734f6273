import { describe, expect, it } from 'vitest'
import { sidecars } from '#lab/topology/sidecars.ts'
import { tutorial } from '#lab/topology/tutorial.ts'
import { planLab } from '#lab/topology/plan.ts'
import { parseFault } from './parse-fault.ts'
import { makeSchedule } from './schedule.ts'

const places = { name: 'x', folder: '/lab/x', root: '/product', node: '/node', bare: false }
const seeds = Array.from({ length: 200 }, (_, index) => index + 1)

describe(makeSchedule, () => {
  it('makes the same of the same seed, and another of another', () => {
    const make = (seed: number) => makeSchedule({ topology: sidecars, seed })
    expect(make(5)).toEqual(make(5))
    expect(make(5)).not.toEqual(make(6))
  })

  it('makes faults that can be, in order, within their times', () => {
    const plan = planLab(sidecars, places)
    for (const seed of seeds) {
      const schedule = makeSchedule({
        topology: sidecars,
        seed,
        faults: 5,
        lengthMs: 2_000,
        longestMs: 700,
      })
      expect(schedule).toHaveLength(5)
      expect(schedule.map(({ atMs }) => atMs)).toEqual(
        schedule.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
      )
      for (const { atMs, forMs, spec } of schedule) {
        expect(parseFault(spec, plan)).toEqual(spec)
        expect(atMs).toBeLessThanOrEqual(2_000)
        expect(forMs).toBeLessThanOrEqual(700)
      }
    }
  })

  it('breaks no links where there are none', () => {
    const kinds = new Set(
      seeds.flatMap((seed) =>
        makeSchedule({ topology: tutorial, seed }).map(({ spec }) => spec.kind),
      ),
    )
    expect([...kinds].toSorted()).toEqual(['kill', 'pause', 'reset', 'restart', 'store-down'])
  })

  it('repeats packets when that is asked for', () => {
    const weights = { duplicate: 50 }
    const plan = planLab(sidecars, places)
    const specs = seeds.flatMap((seed) =>
      makeSchedule({ topology: sidecars, seed, weights }).map(({ spec }) => spec),
    )
    const repeating = specs.filter(({ kind }) => kind === 'duplicate')
    expect(repeating.length).toBeGreaterThan(specs.length / 2)
    for (const spec of repeating) expect(parseFault(spec, plan)).toEqual(spec)
  })

  it('chooses by weight, and never what weighs nothing', () => {
    const weights = { partition: 8, delay: 2, loss: 0, jitter: 0, rate: 0, reorder: 0, down: 0 }
    const only = { ...weights, kill: 0, pause: 0, restart: 0, reset: 0, 'store-down': 0 }
    const kinds = seeds.flatMap((seed) =>
      makeSchedule({ topology: sidecars, seed, weights: only }).map(({ spec }) => spec.kind),
    )
    const share = kinds.filter((kind) => kind === 'partition').length / kinds.length
    expect(new Set(kinds)).toEqual(new Set(['partition', 'delay']))
    expect(share).toBeGreaterThan(0.75)
    expect(share).toBeLessThan(0.85)
  })
})
