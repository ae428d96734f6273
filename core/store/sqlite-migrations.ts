import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type MigrationList, chooseState, requireUsable } from './migration-state.ts'
import type { MigrationOptions, Migrations } from './migrations.ts'
import { openDatabase, readLayout, rollback, whenFree } from './sqlite-database.ts'
import { explainFault } from './sqlite-fault.ts'
import { sqliteMigrations } from './sqlite-schema.ts'

/** Opens the migrations of a SQLite file. A node takes all steps by itself when it opens the file. */
export function openSqliteMigrations(
  file: string,
  { lockTimeoutMs = 60_000 }: MigrationOptions = {},
): Migrations {
  const list = async (): Promise<MigrationList> => listOf(await readTaken(file, lockTimeoutMs))
  const bringUp = async (): Promise<readonly string[]> => {
    const before = await list()
    const database = await openDatabase(file, lockTimeoutMs)
    database.close()
    return before.new
  }
  return {
    list,
    state: async () => chooseState(await list()),
    bootstrap: async () => (chooseState(await list()) === 'needs-bootstrap' ? bringUp() : []),
    up: async () => {
      const before = await list()
      if (chooseState(before) === 'needs-bootstrap') requireUsable(before)
      return bringUp()
    },
    finish: async () => {
      requireUsable(await list())
      return []
    },
    reset: () => reset(file, lockTimeoutMs),
    [Symbol.asyncDispose]: async () => {},
  }
}

function listOf(taken: number): MigrationList {
  const names = sqliteMigrations.map(({ name }) => name)
  return { executed: names.slice(0, taken), pending: [], new: names.slice(taken) }
}

/** Does not make a file that is not there. */
async function readTaken(file: string, timeoutMs: number): Promise<number> {
  return use(file, (database) => whenFree(file, timeoutMs, () => readLayout(database, file)), 0)
}

async function reset(file: string, timeoutMs: number): Promise<boolean> {
  return use(
    file,
    async (database) => {
      await whenFree(file, timeoutMs, () => database.exec('BEGIN IMMEDIATE'))
      try {
        if (readLayout(database, file) === 0) {
          rollback(database)
          return false
        }
        const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
        for (const table of tables) database.exec(`DROP TABLE ${String(table['name'])}`)
        database.exec('PRAGMA user_version = 0')
        database.exec('COMMIT')
        return true
      } catch (error) {
        rollback(database)
        throw error
      }
    },
    false,
  )
}

async function use<result>(
  file: string,
  work: (database: DatabaseSync) => Promise<result>,
  otherwise: result,
): Promise<result> {
  if (!existsSync(file)) return otherwise
  try {
    using database = new DatabaseSync(file, { timeout: 0 })
    return await work(database)
  } catch (error) {
    throw explainFault(error, file)
  }
}
