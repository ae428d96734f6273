import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CounterTable } from '#core/store/counter-table.ts'
import { openMemoryStore } from '#core/store/memory-store.ts'
import { openSqliteStore } from '#core/store/sqlite-store.ts'
import { ClusterCounters } from './cluster-counters.ts'
import { counter, describeCounters } from './counters-suite.ts'

function countersOver(table: CounterTable, faults: string[] = []): ClusterCounters {
  return new ClusterCounters(() => table, { onFault: (message) => faults.push(message) })
}

describe('cluster counters', () => {
  describeCounters(() => countersOver(openMemoryStore().counters))

  it('are shared by all nodes of a store', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'meshyard-counters-'))
    try {
      await using one = await openSqliteStore(join(folder, 'store.db'))
      await using other = await openSqliteStore(join(folder, 'store.db'))
      const [a, b] = [countersOver(one.counters), countersOver(other.counters)]
      await a.take([counter('a')])
      await expect.poll(() => b.read([counter('a')])).toEqual([1])
      const burst = Array.from({ length: 100 }, () => a.take([counter('a')]))
      const passed = (await Promise.all(burst)).filter(([before = NaN]) => before < 10)
      expect(passed).toHaveLength(9)
      await expect.poll(() => b.read([counter('a')])).toEqual([10])
      expect(await b.take([counter('a')])).toEqual([10])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('ask the store once for all that wait', async () => {
    const { counters: table } = openMemoryStore()
    let reads = 0
    const counters = countersOver({
      add: (additions) => table.add(additions),
      read: (keys) => {
        reads += 1
        return table.read(keys)
      },
    })
    await Promise.all(Array.from({ length: 100 }, () => counters.take([counter('a', 1000)])))
    expect(reads).toBeLessThan(5)
    expect(await counters.read([counter('a')])).toEqual([100])
  })

  it('reject while the store does not answer, and go on afterwards', async () => {
    const { counters: table } = openMemoryStore()
    let broken = true
    const guard = (): void => {
      if (broken) throw new Error('gone')
    }
    const faults: string[] = []
    const counters = countersOver(
      {
        add: async (additions) => {
          guard()
          await table.add(additions)
        },
        read: async (keys) => {
          guard()
          return table.read(keys)
        },
      },
      faults,
    )
    await expect(counters.take([counter('a')])).rejects.toThrow('gone')
    counters.add([{ ...counter('a'), by: 1 }])
    await expect.poll(() => faults).toEqual(['cannot count 1 uses of limits: gone'])
    broken = false
    expect(await counters.take([counter('a')])).toEqual([0])
    expect(await counters.take([counter('a')])).toEqual([1])
  })
})
