import type { DatabaseSync } from 'node:sqlite'
import { MeshError } from '#core/base/errors.ts'
import { Listeners } from './listeners.ts'
import { RuledTransaction } from './ruled-transaction.ts'
import { openDatabase, readPragma, whenFree } from './sqlite-database.ts'
import { SqliteTables } from './sqlite-tables.ts'
import { watchLog } from './sqlite-watch.ts'
import type { Store, StoreTransaction, StoreView } from './store.ts'
import { Turns } from './turns.ts'

export interface SqliteStoreOptions {
  /** Longest time until a change by another process is noticed, in ms; usually it takes a few. Default 5000. */
  readonly pollMs?: number
}

/**
 * Opens a store in a file that any number of processes on this machine may share; the file is made when missing.
 *
 * @throws MeshError `store-open-failed`, or `store-busy` when others keep it locked.
 */
export async function openSqliteStore(
  path: string,
  { pollMs = 5000 }: SqliteStoreOptions = {},
): Promise<Store> {
  const database = await openDatabase(path)
  try {
    const seen = await whenFree(path, () => readPragma(database, 'data_version'))
    const version = await whenFree(path, () => readVersion(database))
    return new SqliteStore(database, { path, pollMs, seen, version })
  } catch (error) {
    database.close()
    throw error
  }
}

function readVersion(database: DatabaseSync): number {
  return Number(database.prepare('SELECT version FROM content_version').get()?.['version'])
}

interface Opened {
  readonly path: string
  readonly pollMs: number
  readonly seen: number
  readonly version: number
}

class SqliteStore implements Store {
  readonly #path: string
  readonly #pollMs: number
  readonly #database: DatabaseSync
  readonly #tables: SqliteTables
  readonly #turns = new Turns()
  readonly #listeners: Listeners
  #watch: Disposable | undefined
  /** SQLite's own mark of changes by other connections. */
  #seen: number
  #closed = false

  constructor(database: DatabaseSync, { path, pollMs, seen, version }: Opened) {
    this.#path = path
    this.#pollMs = pollMs
    this.#database = database
    this.#tables = new SqliteTables(database)
    this.#seen = seen
    this.#listeners = new Listeners(version)
  }

  version(): Promise<number> {
    return this.#turn(() => whenFree(this.#path, () => readVersion(this.#database)))
  }

  read<result>(work: (view: StoreView) => Promise<result>): Promise<result> {
    return this.#turn(async () => {
      const version = await whenFree(this.#path, () => this.#begin('BEGIN'))
      const view = new RuledTransaction(this.#tables, version)
      try {
        return await work(view)
      } finally {
        view.close()
        this.#database.exec('ROLLBACK')
      }
    })
  }

  async write<result>(work: (transaction: StoreTransaction) => Promise<result>): Promise<result> {
    const { result, version } = await this.#turn(async () => {
      const before = await whenFree(this.#path, () => this.#begin('BEGIN IMMEDIATE'))
      const transaction = new RuledTransaction(this.#tables, before)
      try {
        const outcome = await work(transaction)
        transaction.close()
        if (transaction.changed)
          this.#database.exec('UPDATE content_version SET version = version + 1')
        this.#database.exec('COMMIT')
        return { result: outcome, version: before + (transaction.changed ? 1 : 0) }
      } catch (error) {
        transaction.close()
        this.#rollback()
        throw error
      }
    })
    await this.#listeners.tell(version)
    return result
  }

  watch(listener: (version: number) => void | Promise<void>): Disposable {
    this.#watch ??= watchLog(`${this.#path}-wal`, {
      pollMs: this.#pollMs,
      look: () => this.#look(),
    })
    return this.#listeners.add(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#watch?.[Symbol.dispose]()
    this.#listeners.clear()
    await this.#turns.idle()
    this.#database.close()
  }

  /** Looks whether another process has changed anything, and tells the listeners. */
  async #look(): Promise<boolean> {
    if (this.#closed) return true
    // A store that cannot be read now is looked at again later; until then everybody goes on with what they know.
    const version = await this.#turn(() => this.#changedVersion()).catch(() => undefined)
    if (version === undefined) return false
    await this.#listeners.tell(version)
    return true
  }

  async #changedVersion(): Promise<number | undefined> {
    const seen = readPragma(this.#database, 'data_version')
    if (seen === this.#seen) return undefined
    const version = await whenFree(this.#path, () => readVersion(this.#database))
    this.#seen = seen
    return version
  }

  /** Starts a transaction and pins the state that it sees. */
  #begin(statement: 'BEGIN' | 'BEGIN IMMEDIATE'): number {
    this.#database.exec(statement)
    try {
      return readVersion(this.#database)
    } catch (error) {
      this.#rollback()
      throw error
    }
  }

  #rollback(): void {
    // SQLite itself rolls back after some faults, such as a full disk.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
  }

  #turn<result>(task: () => Promise<result>): Promise<result> {
    return this.#turns.take(() => {
      if (this.#closed && !this.#database.isOpen) {
        throw new MeshError('store-closed', `Cannot use ${this.#path}: the store has been closed`)
      }
      return task()
    })
  }
}
