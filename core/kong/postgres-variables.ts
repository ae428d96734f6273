import type { PostgresTarget } from '#core/store/postgres-target.ts'

/** The `KONG_*` variables that lead a node to a database, for tests. */
export function postgresVariables({
  host,
  port,
  user,
  password,
  database,
}: PostgresTarget): Readonly<Record<string, string>> {
  return {
    KONG_DATABASE: 'postgres',
    KONG_PG_HOST: host,
    KONG_PG_PORT: String(port),
    KONG_PG_USER: user,
    KONG_PG_PASSWORD: password,
    KONG_PG_DATABASE: database,
  }
}
