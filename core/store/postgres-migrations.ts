import {
  type ExecutedMigration,
  type Migration,
  type MigrationList,
  chooseState,
  listMigrations,
  requireUsable,
} from './migration-state.ts'
import type { MigrationOptions, Migrations } from './migrations.ts'
import { PostgresConnections } from './postgres-connections.ts'
import { postgresMigrations } from './postgres-schema.ts'
import { type PostgresSession, transact } from './postgres-session.ts'
import { describeTarget, type PostgresTarget } from './postgres-target.ts'

/** Those who migrate take turns on this lock: "Mesh" in ASCII. */
const lock = 0x4d65_7368

/** Opens the migrations of a PostgreSQL database, which need not have a layout yet. */
export async function openPostgresMigrations(
  target: PostgresTarget,
  {
    lockTimeoutMs = 60_000,
    known = postgresMigrations,
  }: MigrationOptions & { readonly known?: readonly Migration[] } = {},
): Promise<Migrations> {
  return new PostgresMigrations(target, { lockTimeoutMs, known })
}

/** @throws MeshError when the database lacks the layout that this version needs. */
export async function requirePostgresLayout(
  session: PostgresSession,
  target: PostgresTarget,
): Promise<void> {
  requireUsable(
    listMigrations(postgresMigrations, await readExecuted(session), describeTarget(target)),
  )
}

class PostgresMigrations implements Migrations {
  readonly #target: PostgresTarget
  readonly #known: readonly Migration[]
  readonly #connections: PostgresConnections

  constructor(
    target: PostgresTarget,
    options: { readonly lockTimeoutMs: number; readonly known: readonly Migration[] },
  ) {
    this.#target = target
    this.#known = options.known
    this.#connections = new PostgresConnections(target, {
      statementMs: Math.max(options.lockTimeoutMs, target.timeoutMs),
    })
  }

  async state(): ReturnType<Migrations['state']> {
    return chooseState(await this.list())
  }

  list(): Promise<MigrationList> {
    return this.#connections.use(async (session) => this.#list(await readExecuted(session)))
  }

  bootstrap(): Promise<readonly string[]> {
    return this.#alone(async (session, list) => {
      if (chooseState(list) !== 'needs-bootstrap') return []
      await session.query(`
        CREATE SCHEMA meshyard;
        CREATE TABLE meshyard.migrations (name text PRIMARY KEY, finished boolean NOT NULL)`)
      for (const migration of this.#known) {
        await session.query(migration.up)
        if (migration.finish !== undefined) await session.query(migration.finish)
        await remember(session, { name: migration.name, finished: true })
      }
      return list.new
    })
  }

  up(): Promise<readonly string[]> {
    return this.#alone(async (session, list) => {
      requireBootstrapped(list)
      for (const { name, up, finish } of this.#among(list.new)) {
        await session.query(up)
        await remember(session, { name, finished: finish === undefined })
      }
      return list.new
    })
  }

  finish(): Promise<readonly string[]> {
    return this.#alone(async (session, list) => {
      requireUsable(list)
      for (const { name, finish } of this.#among(list.pending)) {
        if (finish !== undefined) await session.query(finish)
        await remember(session, { name, finished: true })
      }
      return list.pending
    })
  }

  reset(): Promise<boolean> {
    return this.#alone(async (session, list) => {
      if (chooseState(list) === 'needs-bootstrap') return false
      await session.query('DROP SCHEMA meshyard CASCADE')
      return true
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]()
  }

  #among(names: readonly string[]): readonly Migration[] {
    return this.#known.filter(({ name }) => names.includes(name))
  }

  #list(executed: readonly ExecutedMigration[]): MigrationList {
    return listMigrations(this.#known, executed, describeTarget(this.#target))
  }

  /** All steps or none, with nobody else migrating. */
  #alone<result>(
    work: (session: PostgresSession, list: MigrationList) => Promise<result>,
  ): Promise<result> {
    const begin = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock(${lock})`
    return this.#connections.use((session) =>
      transact(session, begin, async () => {
        const result = await work(session, this.#list(await readExecuted(session)))
        return { result, end: 'COMMIT' }
      }),
    )
  }
}

async function isThere(session: PostgresSession): Promise<boolean> {
  const sql = "SELECT to_regclass('meshyard.migrations') IS NOT NULL AS there"
  return (await session.query<{ there: boolean }>(sql))[0]?.there === true
}

async function readExecuted(session: PostgresSession): Promise<readonly ExecutedMigration[]> {
  if (!(await isThere(session))) return []
  return session.query<{ name: string; finished: boolean }>(
    'SELECT name, finished FROM meshyard.migrations ORDER BY name COLLATE "C"',
  )
}

async function remember(
  session: PostgresSession,
  { name, finished }: ExecutedMigration,
): Promise<void> {
  await session.query(
    `INSERT INTO meshyard.migrations (name, finished) VALUES ($1, $2)
      ON CONFLICT (name) DO UPDATE SET finished = excluded.finished`,
    [name, finished],
  )
}

function requireBootstrapped(list: MigrationList): void {
  if (chooseState(list) === 'needs-bootstrap') requireUsable(list)
}
