import type { TestPostgres } from './open-test-postgres.ts'
import { openPostgresStore } from './postgres-store.ts'
import { describeProcesses } from './store-process-suite.ts'
import { useTestPostgres } from './use-test-postgres.ts'

let server: TestPostgres
useTestPostgres((opened) => (server = opened))

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
