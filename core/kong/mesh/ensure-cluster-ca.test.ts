import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClusterCa, clusterCaId, clusterCas } from '#core/kong/entities/cluster-ca.ts'
import { openTestPostgres, type TestPostgres } from '#core/store/open-test-postgres.ts'
import type { PostgresTarget } from '#core/store/postgres-target.ts'
import { openPostgresStore } from '#core/store/postgres-store.ts'
import { openSqliteStore } from '#core/store/sqlite-store.ts'
import { ConstraintError, type Store } from '#core/store/store.ts'
import { clusterCaOf, ensureClusterCa } from './ensure-cluster-ca.ts'
import { authorityWith, makeKey } from './make-authority.ts'

let key: string
beforeAll(async () => {
  key = await makeKey()
})

describe('ensureClusterCa on SQLite', () => {
  it('case 227: a hundred openings at the same moment agree on one authority', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'authority-'))
    await agree(() => openSqliteStore(join(folder.path, 'kong.sqlite'), { timeoutMs: 30_000 }))
  }, 180_000)
})

describe('ensureClusterCa on PostgreSQL', () => {
  let server: TestPostgres
  let target: PostgresTarget
  beforeAll(async () => {
    server = await openTestPostgres({ maxConnections: 250 })
    target = await server.createDatabase()
  }, 180_000)
  afterAll(() => server[Symbol.asyncDispose]())

  it('case 227: a hundred openings at the same moment agree on one authority', async () => {
    await agree(() => openPostgresStore({ ...target, timeoutMs: 30_000 }))
  }, 180_000)
})

/** Each opening would make another authority, and makes it before any of them is stored. */
async function agree(open: () => Promise<Store>): Promise<void> {
  const count = 100
  await using stores = new AsyncDisposableStack()
  const opened: Store[] = []
  // One after the other: what matters is that they ask at the same moment.
  for (let index = 0; index < count; index++) opened.push(stores.use(await open()))
  const allAsked = Promise.withResolvers<void>()
  const made: string[] = []
  const make = async (): Promise<Pick<ClusterCa, 'cert' | 'key'>> => {
    const authority = await authorityWith(key)
    made.push(authority.cert)
    if (made.length === count) allAsked.resolve()
    await allAsked.promise
    return authority
  }
  const rows = await Promise.all(opened.map((store) => ensureClusterCa(store, make)))
  expect(new Set(made).size).toBe(count)
  expect(new Set(rows.map(({ cert }) => cert)).size).toBe(1)

  const [store] = opened
  if (store === undefined) throw new Error('no store')
  const stored = await store.read((view) => view.list(clusterCas.collection))
  expect(stored).toEqual([rows[0]])
  expect(await store.version()).toBe(1)
  const second = clusterCaOf(await authorityWith(key))
  const refused = store.write((transaction) => transaction.insert(clusterCas.collection, second))
  await expect(refused).rejects.toThrow(ConstraintError)
  await expect(refused).rejects.toMatchObject({
    violation: { kind: 'primary-key', collection: 'cluster_ca', id: clusterCaId },
  })
  // Nobody can be led round the key: there is no other value.
  const elsewhere = { ...second, id: '00000000-0000-4000-8000-000000000001' }
  await expect(
    store.write((transaction) => transaction.insert(clusterCas.collection, elsewhere)),
  ).rejects.toMatchObject({ violation: { kind: 'unique', key: { pk: true } } })
  expect(await ensureClusterCa(store)).toEqual(rows[0])
}
