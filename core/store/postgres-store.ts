import { setTimeout as sleep } from 'node:timers/promises'
import { Listeners } from './listeners.ts'
import { PostgresConnections } from './postgres-connections.ts'
import { PostgresCounters } from './postgres-counters.ts'
import { requirePostgresLayout } from './postgres-migrations.ts'
import { transact } from './postgres-session.ts'
import { PostgresTables } from './postgres-tables.ts'
import { describeTarget, type PostgresTarget } from './postgres-target.ts'
import { selectVersion, versionOf } from './postgres-version.ts'
import { watchDatabase } from './postgres-watch.ts'
import { RevivedLists } from './revived-lists.ts'
import { RuledTransaction } from './ruled-transaction.ts'
import {
  type Store,
  type StoreTransaction,
  StoreUnavailableError,
  type StoreView,
} from './store.ts'
import { Turns } from './turns.ts'

export interface PostgresStoreOptions {
  /** Longest time until a change by another process is noticed, in ms; usually it takes a few. Default 5000. */
  readonly pollMs?: number
}

/** Longest wait for the version, in ms, where the target allows a longer one: whoever asks for it wants to know soon. */
const versionMs = 1000

/**
 * Opens a store in a PostgreSQL database that any number of processes, on any machines, may share. It survives the
 * loss of its connections: what is asked meanwhile rejects, and listeners hear afterwards of what they missed.
 *
 * @throws MeshError `store-unreachable`, `store-open-failed`, `store-needs-bootstrap`, `store-needs-migration` or
 *   `store-too-new`.
 */
export async function openPostgresStore(
  target: PostgresTarget,
  { pollMs = 5000 }: PostgresStoreOptions = {},
): Promise<Store> {
  const connections = new PostgresConnections(target)
  try {
    const version = await connections.use(async (session) => {
      await requirePostgresLayout(session, target)
      return versionOf((await session.query(selectVersion))[0])
    })
    return new PostgresStore(connections, { target, pollMs, version })
  } catch (error) {
    await connections[Symbol.asyncDispose]()
    throw error
  }
}

const begin = {
  read: `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${selectVersion}`,
  // The row is what writers of all processes take their turns on; each statement then sees what was last committed.
  write: `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ${selectVersion} FOR UPDATE`,
} as const
const commitChange = `
  WITH changed AS (UPDATE meshyard.content_version SET version = version + 1 RETURNING version)
    SELECT pg_notify('meshyard_changes', version::text) FROM changed;
  COMMIT`

interface Opened {
  readonly target: PostgresTarget
  readonly pollMs: number
  readonly version: number
}

interface Written<result> {
  readonly result: result
  readonly changed: number | undefined
}

class PostgresStore implements Store {
  readonly counters: PostgresCounters
  readonly #connections: PostgresConnections
  readonly #target: PostgresTarget
  readonly #pollMs: number
  readonly #listeners: Listeners
  /** Writers of this process wait here, so that they do not take all connections while waiting for others. */
  readonly #writers = new Turns()
  readonly #lists = new RevivedLists()
  #watch: AsyncDisposable | undefined

  constructor(connections: PostgresConnections, { target, pollMs, version }: Opened) {
    this.#connections = connections
    this.#target = target
    this.#pollMs = pollMs
    this.#listeners = new Listeners(version)
    this.counters = new PostgresCounters(connections)
  }

  async version(): Promise<number> {
    const limitMs = Math.min(versionMs, this.#target.timeoutMs)
    const rows = this.#connections.use((session) => session.query(selectVersion))
    const late = new AbortController()
    try {
      return await Promise.race([
        rows.then(([row]) => versionOf(row)),
        sleep(limitMs, undefined, { signal: late.signal }).then(() => {
          throw new StoreUnavailableError(
            'store-unreachable',
            `Cannot reach ${describeTarget(this.#target)}: no answer within ${limitMs} ms; see whether PostgreSQL works there`,
          )
        }),
      ])
    } finally {
      late.abort()
    }
  }

  read<result>(work: (view: StoreView) => Promise<result>): Promise<result> {
    return this.#connections.use((session) =>
      transact(session, begin.read, async (row) => {
        const view = new RuledTransaction(new PostgresTables(session), versionOf(row), this.#lists)
        try {
          return { result: await work(view), end: 'COMMIT' }
        } finally {
          view.close()
        }
      }),
    )
  }

  async write<result>(work: (transaction: StoreTransaction) => Promise<result>): Promise<result> {
    const { result, changed } = await this.#writers.take(() => this.#writeNow(work), {
      withinMs: this.#target.timeoutMs,
      late: () =>
        new StoreUnavailableError(
          'store-busy',
          `Cannot write to ${describeTarget(this.#target)}: other writers of this process were busy for ${this.#target.timeoutMs} ms; try again`,
        ),
    })
    if (changed !== undefined) await this.#listeners.tell(changed)
    return result
  }

  /** Answers also with the version that came about, if anything was changed. */
  #writeNow<result>(
    work: (transaction: StoreTransaction) => Promise<result>,
  ): Promise<Written<result>> {
    return this.#connections.use((session) =>
      transact<Written<result>>(session, begin.write, async (row) => {
        const before = versionOf(row)
        const transaction = new RuledTransaction(new PostgresTables(session), before, this.#lists)
        try {
          const result = await work(transaction)
          return transaction.changed
            ? { result: { result, changed: before + 1 }, end: commitChange }
            : { result: { result, changed: undefined }, end: 'COMMIT' }
        } finally {
          transaction.close()
        }
      }),
    )
  }

  watch(listener: (version: number) => void | Promise<void>): Disposable {
    this.#watch ??= watchDatabase(this.#target, {
      pollMs: this.#pollMs,
      changed: (version) => void this.#listeners.tell(version),
      connected: (version) => void this.#listeners.tellAnew(version),
    })
    return this.#listeners.add(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear()
    await this.#watch?.[Symbol.asyncDispose]()
    await this.#connections[Symbol.asyncDispose]()
  }
}
