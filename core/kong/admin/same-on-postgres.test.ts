import { beforeAll, describe } from 'vitest'
import type { TestPostgres } from '#core/store/open-test-postgres.ts'
import type { PostgresTarget } from '#core/store/postgres-target.ts'
import { openPostgresStore } from '#core/store/postgres-store.ts'
import { useTestPostgres } from '#core/store/use-test-postgres.ts'
import { describeSameEntities } from './same-entities-suite.ts'

let server: TestPostgres
let target: PostgresTarget
useTestPostgres((opened) => (server = opened))
beforeAll(async () => {
  target = await server.createDatabase()
})

describe('PostgreSQL', () => {
  describeSameEntities(async () => {
    const store = await openPostgresStore(target)
    await store.write((transaction) => transaction.clear())
    return store
  })
})
