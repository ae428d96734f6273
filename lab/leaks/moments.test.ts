import { expect, it } from 'vitest'
import { seededRandom } from '#netns/shaping/random.ts'
import { harms, phases, planMoments } from './moments.ts'

it('spreads moments over all kinds of harm and phases, and over the length of each', () => {
  const moments = planMoments(450, seededRandom(1))
  const of = (harm: string, phase: string) =>
    moments.filter((each) => each.harm === harm && each.phase === phase)
  for (const harm of harms) {
    for (const phase of phases) {
      const tenths = of(harm, phase).map(({ at }) => Math.floor(at * 10))
      expect(tenths.toSorted((a, b) => a - b)).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }
  }
})

it('plans the same moments for a seed, and others for another', () => {
  const plan = (seed: number) => planMoments(45, seededRandom(seed))
  expect(plan(7)).toStrictEqual(plan(7))
  expect(plan(8)).not.toStrictEqual(plan(7))
})
