import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { encode } from './document-entries.ts'
import type { DocumentRow, Entries, Referrer, Selection, Tables } from './tables.ts'

const tables = ['documents', 'unique_values', 'indexed_values', 'document_references'] as const

/** The tables in a SQLite database whose layout `prepareDatabase` has made. */
export class SqliteTables implements Tables {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  async document(collection: string, id: string): Promise<string | undefined> {
    const sql = 'SELECT body FROM documents WHERE collection = ? AND id = ?'
    return text(this.#all(sql, collection, id)[0], 'body')
  }

  async documents(
    collection: string,
    { after, limit, where }: Selection,
  ): Promise<readonly DocumentRow[]> {
    const conditions = ['collection = ?', 'id > ?']
    const values: SQLInputValue[] = [collection, after ?? '']
    for (const filter of where) {
      const wanted = [...new Set(filter.values.map(encode))]
      conditions.push(
        `id IN (SELECT id FROM indexed_values WHERE collection = ? AND field = ?
          AND value IN (${wanted.map(() => '?').join(', ')}) GROUP BY id HAVING count(*) >= ?)`,
      )
      values.push(collection, filter.field, ...wanted, filter.match === 'all' ? wanted.length : 1)
    }
    const rows = this.#all(
      `SELECT id, body FROM documents WHERE ${conditions.join(' AND ')} ORDER BY id LIMIT ?`,
      ...values,
      limit ?? -1,
    )
    return rows.map((row) => ({
      collection,
      id: text(row, 'id') ?? '',
      body: text(row, 'body') ?? '',
    }))
  }

  async uniqueOwner(collection: string, key: string, value: string): Promise<string | undefined> {
    const sql = 'SELECT id FROM unique_values WHERE collection = ? AND key = ? AND value = ?'
    return text(this.#all(sql, collection, key, value)[0], 'id')
  }

  async referrers(collection: string, id: string): Promise<readonly Referrer[]> {
    const rows = this.#all(
      `SELECT collection, id, on_remove FROM document_references
        WHERE referenced = ? AND referenced_id = ?`,
      collection,
      id,
    )
    return rows.map((row) => ({
      collection: text(row, 'collection') ?? '',
      id: text(row, 'id') ?? '',
      onRemove: text(row, 'on_remove') === 'cascade' ? 'cascade' : 'restrict',
    }))
  }

  async add({
    collection,
    id,
    body,
    uniques,
    indexed,
    references,
  }: DocumentRow & Entries): Promise<void> {
    this.#run('INSERT INTO documents (collection, id, body) VALUES (?, ?, ?)', collection, id, body)
    for (const { key, value } of uniques) {
      const sql = 'INSERT INTO unique_values (collection, key, value, id) VALUES (?, ?, ?, ?)'
      this.#run(sql, collection, key, value, id)
    }
    for (const { field, value } of indexed) {
      const sql = 'INSERT INTO indexed_values (collection, field, value, id) VALUES (?, ?, ?, ?)'
      this.#run(sql, collection, field, value, id)
    }
    for (const { field, referenced, referencedId, onRemove } of references) {
      this.#run(
        `INSERT INTO document_references
          (collection, id, field, referenced, referenced_id, on_remove) VALUES (?, ?, ?, ?, ?, ?)`,
        collection,
        id,
        field,
        referenced,
        referencedId,
        onRemove,
      )
    }
  }

  async remove(collection: string, id: string): Promise<void> {
    for (const table of tables) {
      this.#run(`DELETE FROM ${table} WHERE collection = ? AND id = ?`, collection, id)
    }
  }

  async clear(): Promise<boolean> {
    if (this.#all('SELECT 1 FROM documents LIMIT 1').length === 0) return false
    for (const table of tables) this.#run(`DELETE FROM ${table}`)
    return true
  }

  #all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#statement(sql).all(...values)
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values)
  }

  #statement(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

type Row = Readonly<Record<string, SQLOutputValue>>

/** Every column that is read is TEXT. */
function text(row: Row | undefined, column: string): string | undefined {
  const value = row?.[column]
  return typeof value === 'string' ? value : undefined
}
