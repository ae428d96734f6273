import { encode } from './document-entries.ts'
import { indexable } from './indexable.ts'
import type { PostgresSession } from './postgres-session.ts'
import type { DocumentRow, Entries, Referrer, Selection, Tables } from './tables.ts'

/** The tables in a PostgreSQL database with the newest layout, inside a transaction of the session. */
export class PostgresTables implements Tables {
  readonly #session: PostgresSession

  constructor(session: PostgresSession) {
    this.#session = session
  }

  async document(collection: string, id: string): Promise<string | undefined> {
    const rows = await this.#session.query<{ body: string }>(
      'SELECT body FROM meshyard.documents WHERE collection = $1 AND id = $2 AND $3',
      [collection, storable(id), storable(id) === id],
    )
    return rows[0]?.body
  }

  async documents(
    collection: string,
    { after, limit, where }: Selection,
  ): Promise<readonly DocumentRow[]> {
    const values: unknown[] = [collection, storable(after ?? ''), limit ?? null]
    const bind = (value: unknown): string => `$${values.push(value)}`
    const filters = where.map(({ field, match, values: wanted }) => {
      const texts = [...new Set(wanted.map((value) => indexable(encode(value))))]
      return `AND id IN (SELECT id FROM meshyard.indexed_values
        WHERE collection = $1 AND field = ${bind(field)} AND value = ANY (${bind(texts)}::text[])
        GROUP BY id HAVING count(*) >= ${bind(match === 'all' ? texts.length : 1)}::bigint)`
    })
    return this.#session.query<{ collection: string; id: string; body: string }>(
      `SELECT collection, id, body FROM meshyard.documents
        WHERE collection = $1 AND id > $2 ${filters.join(' ')} ORDER BY id LIMIT $3::bigint`,
      values,
    )
  }

  async uniqueOwner(collection: string, key: string, value: string): Promise<string | undefined> {
    const rows = await this.#session.query<{ id: string }>(
      'SELECT id FROM meshyard.unique_values WHERE collection = $1 AND key = $2 AND value = $3',
      [collection, key, indexable(value)],
    )
    return rows[0]?.id
  }

  async referrers(collection: string, id: string): Promise<readonly Referrer[]> {
    const rows = await this.#session.query<{ collection: string; id: string; on_remove: string }>(
      `SELECT collection, id, on_remove FROM meshyard.document_references
        WHERE referenced = $1 AND referenced_id = $2 ORDER BY collection, id`,
      [collection, id],
    )
    return rows.map((row) => ({
      collection: row.collection,
      id: row.id,
      onRemove: row.on_remove === 'cascade' ? 'cascade' : 'restrict',
    }))
  }

  async add(row: DocumentRow & Entries): Promise<void> {
    const { collection, id, body, uniques, indexed, references } = row
    await this.#session.query(
      `WITH document AS (
          INSERT INTO meshyard.documents (collection, id, body) VALUES ($1::text, $2::text, $3)),
        uniques AS (
          INSERT INTO meshyard.unique_values (collection, id, key, value)
            SELECT $1::text, $2::text, key, value
              FROM unnest($4::text[], $5::text[]) AS entry (key, value)),
        indexed AS (
          INSERT INTO meshyard.indexed_values (collection, id, field, value)
            SELECT $1::text, $2::text, field, value
              FROM unnest($6::text[], $7::text[]) AS entry (field, value))
        INSERT INTO meshyard.document_references
            (collection, id, field, referenced, referenced_id, on_remove)
          SELECT $1::text, $2::text, field, referenced, referenced_id, on_remove
            FROM unnest($8::text[], $9::text[], $10::text[], $11::text[])
              AS entry (field, referenced, referenced_id, on_remove)`,
      [
        collection,
        id,
        body,
        uniques.map(({ key }) => key),
        uniques.map(({ value }) => indexable(value)),
        indexed.map(({ field }) => field),
        indexed.map(({ value }) => indexable(value)),
        references.map(({ field }) => field),
        references.map(({ referenced }) => referenced),
        references.map(({ referencedId }) => referencedId),
        references.map(({ onRemove }) => onRemove),
      ],
    )
  }

  async remove(collection: string, id: string): Promise<void> {
    await this.#session.query(
      `WITH uniques AS (DELETE FROM meshyard.unique_values WHERE collection = $1 AND id = $2),
          indexed AS (DELETE FROM meshyard.indexed_values WHERE collection = $1 AND id = $2),
          referring AS (DELETE FROM meshyard.document_references WHERE collection = $1 AND id = $2)
        DELETE FROM meshyard.documents WHERE collection = $1 AND id = $2`,
      [collection, id],
    )
  }

  async clear(): Promise<boolean> {
    // TRUNCATE would let readers of an older state see nothing.
    const rows = await this.#session.query<{ any: boolean }>(
      `WITH uniques AS (DELETE FROM meshyard.unique_values),
          indexed AS (DELETE FROM meshyard.indexed_values),
          referring AS (DELETE FROM meshyard.document_references),
          gone AS (DELETE FROM meshyard.documents RETURNING 1)
        SELECT EXISTS (SELECT FROM gone) AS any`,
    )
    return rows[0]?.any === true
  }
}

/**
 * PostgreSQL's texts hold no NUL, so no id has one. A text cut off before its NUL is at the same place in the order
 * of ids; it must only not be taken for the id itself.
 */
function storable(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}
