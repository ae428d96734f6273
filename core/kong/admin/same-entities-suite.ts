import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { openMemoryStore } from '#core/store/memory-store.ts'
import type { Store } from '#core/store/store.ts'
import { performWrites } from './perform-writes.ts'
import { randomWrites } from './random-writes.ts'

/**
 * Claims that the store ends up with the same entities, and gives the same answers, as one in memory. `open` makes an
 * empty one each time.
 */
export function describeSameEntities(open: () => Promise<Store>): void {
  it('any writes give the same answers and the same entities as in memory', async () => {
    let performed = 0
    let refused = 0
    await fc.assert(
      fc.asyncProperty(await randomWrites(), async (writes) => {
        await using memory = openMemoryStore()
        await using store = await open()
        const expected = await performWrites(memory, writes)
        expect(await performWrites(store, writes)).toEqual(expected)
        performed += writes.length
        refused += expected.refused
      }),
      { numRuns: 200 },
    )
    // Neither writes that are all refused nor writes that are all kept would show much.
    expect(refused).toBeGreaterThan(performed / 10)
    expect(performed - refused).toBeGreaterThan(performed / 10)
  }, 600_000)
}
