import { afterAll, beforeAll } from 'vitest'
import { openTestPostgres, type TestPostgres } from './open-test-postgres.ts'

/** Gives the tests of a file a PostgreSQL server, opened before the first of them and ended after the last. */
export function useTestPostgres(take: (server: TestPostgres) => void): void {
  const stack = new AsyncDisposableStack()
  beforeAll(async () => take(stack.use(await openTestPostgres())), 60_000)
  afterAll(() => stack.disposeAsync())
}
