import { encode } from './document-entries.ts'
import type { IndexFilter } from './store.ts'
import type { DocumentRow, Entries, Referrer, Selection, Tables } from './tables.ts'

type Row = DocumentRow & Entries

/** Tables in memory that remember how to undo what was done to them. */
export class MemoryTables implements Tables {
  readonly #rows = new Map<string, Map<string, Row>>()
  readonly #owners = new Map<string, string>()
  readonly #undo: (() => void)[] = []

  async document(collection: string, id: string): Promise<string | undefined> {
    return this.#rows.get(collection)?.get(id)?.body
  }

  async documents(
    collection: string,
    { after, limit, where }: Selection,
  ): Promise<readonly DocumentRow[]> {
    return [...(this.#rows.get(collection)?.values() ?? [])]
      .filter((row) => (after === undefined || row.id > after) && where.every(matches(row)))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit)
  }

  async uniqueOwner(collection: string, key: string, value: string): Promise<string | undefined> {
    return this.#owners.get(encode([collection, key, value]))
  }

  async referrers(collection: string, id: string): Promise<readonly Referrer[]> {
    return [...this.#rows.values()].flatMap((rows) =>
      [...rows.values()].flatMap((row) =>
        row.references
          .filter((to) => to.referenced === collection && to.referencedId === id)
          .map(({ onRemove }) => ({ collection: row.collection, id: row.id, onRemove })),
      ),
    )
  }

  async add(row: Row): Promise<void> {
    this.#add(row)
    this.#undo.push(() => this.#remove(row))
  }

  async remove(collection: string, id: string): Promise<void> {
    const row = this.#rows.get(collection)?.get(id)
    if (row === undefined) return
    this.#remove(row)
    this.#undo.push(() => this.#add(row))
  }

  async clear(): Promise<boolean> {
    const rows = [...this.#rows.values()].flatMap((collection) => [...collection.values()])
    for (const { collection, id } of rows) await this.remove(collection, id)
    return rows.length > 0
  }

  /** Makes everything since the last `commit` final. */
  commit(): void {
    this.#undo.length = 0
  }

  /** Undoes everything since the last `commit`. */
  rollback(): void {
    for (const undo of this.#undo.toReversed()) undo()
    this.#undo.length = 0
  }

  #add(row: Row): void {
    const rows = this.#rows.get(row.collection) ?? new Map<string, Row>()
    this.#rows.set(row.collection, rows.set(row.id, row))
    for (const owned of ownedKeys(row)) this.#owners.set(owned, row.id)
  }

  #remove(row: Row): void {
    this.#rows.get(row.collection)?.delete(row.id)
    for (const owned of ownedKeys(row)) this.#owners.delete(owned)
  }
}

function ownedKeys(row: Row): readonly string[] {
  return row.uniques.map(({ key, value }) => encode([row.collection, key, value]))
}

function matches(row: Row): (filter: IndexFilter) => boolean {
  return ({ field, match, values }) => {
    const has = (value: unknown): boolean =>
      row.indexed.some((entry) => entry.field === field && entry.value === encode(value))
    return match === 'all' ? values.every(has) : values.some(has)
  }
}
