import { afterAll, beforeAll, describe } from 'vitest'
import { openTestPostgres, type TestPostgres } from '#core/store/open-test-postgres.ts'
import type { PostgresTarget } from '#core/store/postgres-target.ts'
import { openPostgresStore } from '#core/store/postgres-store.ts'
import { describeSameEntities } from './same-entities-suite.ts'

let server: TestPostgres
let target: PostgresTarget
beforeAll(async () => {
  server = await openTestPostgres()
  target = await server.createDatabase()
}, 60_000)
afterAll(() => server[Symbol.asyncDispose]())

describe('PostgreSQL', () => {
  describeSameEntities(async () => {
    const store = await openPostgresStore(target)
    await store.write((transaction) => transaction.clear())
    return store
  })
})
