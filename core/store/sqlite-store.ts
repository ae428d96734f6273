import type { DatabaseSync } from 'node:sqlite'
import { MeshError } from '#core/base/errors.ts'
import { Listeners } from './listeners.ts'
import { RevivedLists } from './revived-lists.ts'
import { RuledTransaction } from './ruled-transaction.ts'
import { SqliteCounters } from './sqlite-counters.ts'
import { openDatabase, readPragma, rollback, whenFree } from './sqlite-database.ts'
import { explainFault } from './sqlite-fault.ts'
import { rememberFile } from './sqlite-identity.ts'
import { SqliteTables } from './sqlite-tables.ts'
import { watchLog } from './sqlite-watch.ts'
import {
  type Store,
  type StoreTransaction,
  StoreUnavailableError,
  type StoreView,
} from './store.ts'
import { Turns } from './turns.ts'

export interface SqliteStoreOptions {
  /** Longest time until a change by another process is noticed, in ms; usually it takes a few. Default 5000. */
  readonly pollMs?: number
  /** Longest wait for others that use the file, in ms. Default 5000. */
  readonly timeoutMs?: number
}

/**
 * Opens a store in a file that any number of processes on this machine may share; the file is made when missing.
 *
 * @throws MeshError `store-open-failed`, `store-too-new`, or `store-busy` when others keep it locked.
 */
export async function openSqliteStore(
  path: string,
  { pollMs = 5000, timeoutMs = 5000 }: SqliteStoreOptions = {},
): Promise<Store> {
  using owned = new DisposableStack()
  const database = await openDatabase(path, timeoutMs)
  owned.defer(() => database.close())
  const observer = await openDatabase(path, timeoutMs)
  owned.defer(() => observer.close())
  const seen = await whenFree(path, timeoutMs, () => readPragma(observer, 'data_version'))
  const version = await whenFree(path, timeoutMs, () => readVersion(observer))
  const check = rememberFile(path)
  return new SqliteStore({
    path,
    pollMs,
    timeoutMs,
    database,
    observer,
    connections: owned.move(),
    seen,
    version,
    check,
  })
}

/** Longest wait for the version, in ms, where a longer one is allowed: whoever asks for it wants to know soon. */
const versionMs = 1000

function readVersion(database: DatabaseSync): number {
  return Number(database.prepare('SELECT version FROM content_version').get()?.['version'])
}

interface Opened {
  readonly path: string
  readonly pollMs: number
  readonly timeoutMs: number
  /** For transactions, one at a time. */
  readonly database: DatabaseSync
  /** For looking at the version, whatever the other one is doing. */
  readonly observer: DatabaseSync
  /** Both, the observer last in and first out. */
  readonly connections: Disposable
  /** SQLite's own mark of changes by other connections than the observer. */
  readonly seen: number
  readonly version: number
  readonly check: () => void
}

class SqliteStore implements Store {
  readonly counters: SqliteCounters
  readonly #opened: Opened
  readonly #tables: SqliteTables
  readonly #turns = new Turns()
  readonly #lists = new RevivedLists()
  readonly #listeners: Listeners
  #watch: Disposable | undefined
  #seen: number
  #closed = false

  constructor(opened: Opened) {
    this.#opened = opened
    this.#tables = new SqliteTables(opened.database)
    this.counters = new SqliteCounters(opened.database, (task) =>
      this.#turn(() => this.#whenFree(task)),
    )
    this.#seen = opened.seen
    this.#listeners = new Listeners(opened.version)
  }

  version(): Promise<number> {
    const { path, timeoutMs, observer } = this.#opened
    const limitMs = Math.min(versionMs, timeoutMs)
    return this.#guard(() => whenFree(path, limitMs, () => readVersion(observer)))
  }

  read<result>(work: (view: StoreView) => Promise<result>): Promise<result> {
    return this.#turn(async () => {
      const version = await this.#whenFree(() => this.#begin('BEGIN'))
      const view = new RuledTransaction(this.#tables, version, this.#lists)
      try {
        return await work(view)
      } finally {
        view.close()
        rollback(this.#opened.database)
      }
    })
  }

  async write<result>(work: (transaction: StoreTransaction) => Promise<result>): Promise<result> {
    const { database } = this.#opened
    const { result, changed } = await this.#turn(async () => {
      const before = await this.#whenFree(() => this.#begin('BEGIN IMMEDIATE'))
      const transaction = new RuledTransaction(this.#tables, before, this.#lists)
      try {
        const outcome = await work(transaction)
        transaction.close()
        if (transaction.changed) database.exec('UPDATE content_version SET version = version + 1')
        database.exec('COMMIT')
        return { result: outcome, changed: transaction.changed ? before + 1 : undefined }
      } catch (error) {
        transaction.close()
        rollback(database)
        throw error
      }
    })
    if (changed !== undefined) await this.#listeners.tell(changed)
    return result
  }

  watch(listener: (version: number) => void | Promise<void>): Disposable {
    this.#watch ??= watchLog(`${this.#opened.path}-wal`, {
      pollMs: this.#opened.pollMs,
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
    this.#opened.connections[Symbol.dispose]()
  }

  /** Looks whether anybody has changed anything, and tells the listeners. */
  async #look(): Promise<boolean> {
    if (this.#closed) return true
    // A store that cannot be read now is looked at again later; until then everybody goes on with what they know.
    const version = await this.#guard(() => this.#changedVersion()).catch(() => undefined)
    if (version === undefined) return false
    await this.#listeners.tell(version)
    return true
  }

  async #changedVersion(): Promise<number | undefined> {
    const { observer } = this.#opened
    const seen = readPragma(observer, 'data_version')
    if (seen === this.#seen) return undefined
    const version = await this.#whenFree(() => readVersion(observer))
    this.#seen = seen
    return version
  }

  /** Starts a transaction and pins the state that it sees. */
  #begin(statement: 'BEGIN' | 'BEGIN IMMEDIATE'): number {
    const { database } = this.#opened
    database.exec(statement)
    try {
      return readVersion(database)
    } catch (error) {
      rollback(database)
      throw error
    }
  }

  #whenFree<result>(attempt: () => result): Promise<result> {
    return whenFree(this.#opened.path, this.#opened.timeoutMs, attempt)
  }

  #turn<result>(task: () => Promise<result>): Promise<result> {
    const { path, timeoutMs } = this.#opened
    return this.#turns.take(() => this.#guard(task), {
      withinMs: timeoutMs,
      late: () =>
        new StoreUnavailableError(
          'store-busy',
          `Cannot use ${path}: this process has been busy with it for ${timeoutMs} ms; try again`,
        ),
    })
  }

  async #guard<result>(task: () => Promise<result>): Promise<result> {
    const { path, check, database } = this.#opened
    if (!database.isOpen) {
      throw new MeshError('store-closed', `Cannot use ${path}: the store has been closed`)
    }
    check()
    try {
      return await task()
    } catch (error) {
      throw explainFault(error, path)
    }
  }
}
