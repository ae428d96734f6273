import { afterAll, beforeAll } from 'vitest'
import { type TestPostgres, openTestPostgres } from './open-test-postgres.ts'
import { openPostgresStore } from './postgres-store.ts'
import { describeProcesses } from './store-process-suite.ts'

let server: TestPostgres
beforeAll(async () => {
  server = await openTestPostgres()
}, 60_000)
afterAll(() => server[Symbol.asyncDispose]())

describeProcesses(async () => {
  const target = await server.createDatabase()
  return {
    open: () => openPostgresStore(target),
    program: {
      imports: `import { openPostgresStore } from '#core/store/postgres-store.ts'`,
      open: `await openPostgresStore(${JSON.stringify(target)})`,
    },
  }
})
