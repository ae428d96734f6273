import type { DatabaseSync } from 'node:sqlite'
import { mergeAdditions } from './counter-additions.ts'
import type { CounterAddition, CounterTable } from './counter-table.ts'
import { encode } from './document-entries.ts'
import { rollback } from './sqlite-database.ts'

/** Runs a task alone on the connection, and again while others keep the file locked. */
type Turn = <result>(task: () => result) => Promise<result>

/** The counters in a SQLite database. */
export class SqliteCounters implements CounterTable {
  readonly #database: DatabaseSync
  readonly #turn: Turn

  constructor(database: DatabaseSync, turn: Turn) {
    this.#database = database
    this.#turn = turn
  }

  async add(additions: readonly CounterAddition[]): Promise<void> {
    if (additions.length === 0) return
    const merged = mergeAdditions(additions)
    await this.#turn(() => {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        this.#database.prepare('DELETE FROM counters WHERE expires_at <= ?').run(Date.now())
        const upsert = this.#database.prepare(
          `INSERT INTO counters (key, value, expires_at) VALUES (?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET value = value + excluded.value,
              expires_at = max(expires_at, excluded.expires_at)`,
        )
        for (const { key, by, expiresAt } of merged) upsert.run(encode(key), by, expiresAt)
        this.#database.exec('COMMIT')
      } catch (error) {
        rollback(this.#database)
        throw error
      }
    })
  }

  read(keys: readonly string[]): Promise<readonly number[]> {
    return this.#turn(() => {
      const now = Date.now()
      const select = this.#database.prepare(
        'SELECT value FROM counters WHERE key = ? AND expires_at > ?',
      )
      return keys.map((key) => Number(select.get(encode(key), now)?.['value'] ?? 0))
    })
  }
}
