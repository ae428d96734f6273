import { mergeAdditions } from './counter-additions.ts'
import type { CounterAddition, CounterTable } from './counter-table.ts'
import { encode } from './document-entries.ts'
import { indexable } from './indexable.ts'
import type { PostgresConnections } from './postgres-connections.ts'

/** How often a process removes what has expired, in ms. */
const sweepMs = 10_000

/** The counters in a PostgreSQL database with the newest layout. */
export class PostgresCounters implements CounterTable {
  readonly #connections: PostgresConnections
  #nextSweep = 0

  constructor(connections: PostgresConnections) {
    this.#connections = connections
  }

  async add(additions: readonly CounterAddition[]): Promise<void> {
    if (additions.length === 0) return
    const merged = mergeAdditions(additions)
    const now = Date.now()
    const sweep = now >= this.#nextSweep
    if (sweep) this.#nextSweep = now + sweepMs
    await this.#connections.use(async (session) => {
      // Rows come by ascending key, so that two processes cannot wait for each other.
      await session.query(
        `INSERT INTO meshyard.counters AS counter (key, value, expires_at)
          SELECT key, by, expires_at
            FROM unnest($1::text[], $2::float8[], $3::bigint[]) AS addition (key, by, expires_at)
          ON CONFLICT (key) DO UPDATE SET
            value = excluded.value + CASE WHEN counter.expires_at > $4 THEN counter.value ELSE 0 END,
            expires_at = greatest(counter.expires_at, excluded.expires_at)`,
        [
          merged.map(({ key }) => indexable(encode(key))),
          merged.map(({ by }) => by),
          merged.map(({ expiresAt }) => Math.ceil(expiresAt)),
          now,
        ],
      )
      if (!sweep) return
      await session.query(
        `DELETE FROM meshyard.counters WHERE key IN (
          SELECT key FROM meshyard.counters WHERE expires_at <= $1 FOR UPDATE SKIP LOCKED)`,
        [now],
      )
    })
  }

  async read(keys: readonly string[]): Promise<readonly number[]> {
    const stored = keys.map((key) => indexable(encode(key)))
    const rows = await this.#connections.use((session) =>
      session.query<{ key: string; value: number }>(
        'SELECT key, value FROM meshyard.counters WHERE key = ANY ($1::text[]) AND expires_at > $2',
        [stored, Date.now()],
      ),
    )
    const values = new Map(rows.map(({ key, value }) => [key, value]))
    return stored.map((key) => values.get(key) ?? 0)
  }
}
