import { beforeAll, describe, expect, it } from 'vitest'
import type { Authority, ClusterCa } from '#core/kong/entities/cluster-ca.ts'
import { clusterCas } from '#core/kong/entities/cluster-ca.ts'
import { openMemoryStore } from '#core/store/memory-store.ts'
import type { Store } from '#core/store/store.ts'
import { clusterCaOf, ensureClusterCa, readClusterCa } from './ensure-cluster-ca.ts'
import { authorityWith, makeKey } from './make-authority.ts'
import { authoritiesOf } from './membership.ts'
import { offer, rotateClusterCa } from './rotate-cluster-ca.ts'

let key: string
beforeAll(async () => {
  key = await makeKey()
})

describe('rotateClusterCa', () => {
  it('leads from one authority to another so that states next to each other always share one', async () => {
    await using store = openMemoryStore()
    const before = await ensureClusterCa(store)
    const states = watchStates(store)
    const said: string[] = []
    await rotateClusterCa(store, { waitMs: 1, say: (message) => void said.push(message) })
    const seen = [before, ...states]
    expect(seen.map((row) => authoritiesOf(row).length)).toEqual([1, 2, 2, 1])
    const [first, , , last] = seen
    expect(seen.map((row) => row.cert === first?.cert)).toEqual([true, true, false, false])
    expect(last?.cert).not.toBe(first?.cert)
    for (const [index, row] of seen.entries()) {
      const next = seen[index + 1] ?? row
      const known = new Set(authoritiesOf(row).map(({ cert }) => cert))
      // A node that lags behind and one that does not recognise each other by what the other one prefers.
      expect(
        known.has(next.cert) && authoritiesOf(next).some(({ cert }) => cert === row.cert),
      ).toBe(true)
    }
    expect(said.map((message) => message.split(':')[0])).toEqual([
      'accepted by all nodes from now on',
      'preferred by all nodes from now on',
      'the only one from now on',
    ])
  })

  it('keeps every state for as long as nodes may take to notice it', async () => {
    await using store = openMemoryStore()
    await ensureClusterCa(store)
    const times: number[] = []
    using _watch = store.watch(() => void times.push(performance.now()))
    await rotateClusterCa(store, { waitMs: 60, say: () => {} })
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    expect(pauses).toHaveLength(2)
    // A timer may fire a fraction of a millisecond early.
    for (const pause of pauses) expect(pause).toBeGreaterThan(58)
  })

  it('goes on with a rotation that was broken off, without yet another authority', async () => {
    await using store = openMemoryStore()
    const next = await another()
    await put(store, offer(clusterCaOf(await another()), next))
    const said: string[] = []
    await rotateClusterCa(store, { waitMs: 1, say: (message) => void said.push(message) })
    expect(said[0]).toBe('going on with a rotation that was broken off')
    expect(await store.read(readClusterCa)).toMatchObject({
      cert: next.cert,
      next: null,
      previous: null,
    })
  })

  it('run twice at the same moment, skips no state and shortens none', async () => {
    await using store = openMemoryStore()
    await ensureClusterCa(store)
    const states = watchStates(store)
    const waitMs = 40
    const start = performance.now()
    await Promise.all([1, 2].map(() => rotateClusterCa(store, { waitMs, say: () => {} })))
    expect(states.map((row) => [row.next !== null, row.previous !== null])).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ])
    expect(performance.now() - start).toBeGreaterThan(2 * waitMs - 2)
  })

  it('refuses where there is nothing to replace', async () => {
    await using store = openMemoryStore()
    await expect(rotateClusterCa(store, { waitMs: 1, say: () => {} })).rejects.toThrow(
      'the cluster has no authority yet',
    )
  })

  function another(): Promise<Authority> {
    return authorityWith(key)
  }
})

function put(store: Store, row: ClusterCa): Promise<void> {
  return store.write((transaction) => transaction.put(clusterCas.collection, row))
}

/** Gathers each state that the row comes to. */
function watchStates(store: Store): readonly ClusterCa[] {
  const states: ClusterCa[] = []
  store.watch(async () => {
    const row = await store.read(readClusterCa)
    if (row !== undefined) states.push(row)
  })
  return states
}
