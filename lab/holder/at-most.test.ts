import { describe, expect, it } from 'vitest'
import { atMost } from './at-most.ts'

describe('atMost', () => {
  it('begins tasks in order, the next one when a place is free, also after a failure', async () => {
    const queue = atMost(2)
    const begun: number[] = []
    const ends = Array.from({ length: 4 }, () => Promise.withResolvers<number>())
    const results = ends.map(({ promise }, at) =>
      queue(() => {
        begun.push(at)
        return promise
      }),
    )
    const outcomes = Promise.allSettled(results)
    expect(begun).toEqual([0, 1])
    ends[1]?.reject(new Error('no'))
    await expect(results[1]).rejects.toThrow('no')
    await expect.poll(() => begun).toEqual([0, 1, 2])
    ends[0]?.resolve(10)
    await expect(results[0]).resolves.toBe(10)
    await expect.poll(() => begun).toEqual([0, 1, 2, 3])
    ends[2]?.resolve(12)
    ends[3]?.resolve(13)
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
  })
})
