import { MeshError } from '#core/base/errors.ts'
import { encode, entriesOf, keyName, uniqueValue } from './document-entries.ts'
import { reviveBody, type RevivedLists } from './revived-lists.ts'
import {
  type Collection,
  ConstraintError,
  type Page,
  type PageOptions,
  type StoredDocument,
  type StoreTransaction,
} from './store.ts'
import type { DocumentRow, Tables } from './tables.ts'

/** Keeps the rules of collections over tables that know none; the same for every kind of store. */
export class RuledTransaction implements StoreTransaction {
  readonly version: number
  readonly #tables: Tables
  readonly #lists: RevivedLists
  #changed = false
  #closed = false

  /** `lists` are those of the store; whole lists that this transaction reads are remembered there. */
  constructor(tables: Tables, version: number, lists: RevivedLists) {
    this.#tables = tables
    this.#lists = lists
    this.version = version
  }

  /** Whether anything was written. */
  get changed(): boolean {
    return this.#changed
  }

  /** From now on every use is a fault: what is forgotten inside a transaction must not happen after it. */
  close(): void {
    this.#closed = true
  }

  async get<document extends StoredDocument>(
    collection: Collection<document>,
    id: string,
  ): Promise<document | undefined> {
    const body = await this.#open().document(collection.name, id)
    return body === undefined ? undefined : reviveBody(collection, body)
  }

  async find<document extends StoredDocument>(
    collection: Collection<document>,
    key: Readonly<Record<string, unknown>>,
  ): Promise<document | undefined> {
    const fields = Object.keys(key)
    const unique = collection.unique.find(
      (candidate) =>
        candidate.fields.length === fields.length &&
        candidate.fields.every((field) => fields.includes(field)),
    )
    if (unique === undefined) {
      throw new MeshError(
        'store-no-such-key',
        `Cannot look up ${collection.name} by ${fields.join(', ')}: that is no unique key`,
      )
    }
    const value = uniqueValue(unique, key)
    if (value === undefined) return undefined
    const id = await this.#open().uniqueOwner(collection.name, keyName(unique), value)
    return id === undefined ? undefined : this.get(collection, id)
  }

  async list<document extends StoredDocument>(
    collection: Collection<document>,
  ): Promise<readonly document[]> {
    const everything = { after: undefined, limit: undefined, where: [] }
    const rows = await this.#open().documents(collection.name, everything)
    return this.#lists.list(collection, rows)
  }

  async page<document extends StoredDocument>(
    collection: Collection<document>,
    { size, after, where = [] }: PageOptions,
  ): Promise<Page<document>> {
    // One more than asked for tells whether there is a next page.
    const selection = { after, limit: size + 1, where }
    const rows = await this.#open().documents(collection.name, selection)
    const shown = rows.slice(0, size)
    return {
      documents: shown.map(({ body }) => reviveBody(collection, body)),
      next: rows.length > size ? shown.at(-1)?.id : undefined,
    }
  }

  async insert<document extends StoredDocument>(
    collection: Collection<document>,
    document: document,
  ): Promise<void> {
    const { id } = document
    if ((await this.#open().document(collection.name, id)) !== undefined) {
      throw new ConstraintError({ kind: 'primary-key', collection: collection.name, id })
    }
    await this.put(collection, document)
  }

  async put<document extends StoredDocument>(
    collection: Collection<document>,
    document: document,
  ): Promise<void> {
    const tables = this.#open()
    const { id } = document
    const entries = entriesOf(collection, document)
    for (const { field, referenced, referencedId } of entries.references) {
      const self = referenced === collection.name && referencedId === id
      if (!self && (await tables.document(referenced, referencedId)) === undefined) {
        throw new ConstraintError({
          kind: 'missing-reference',
          collection: collection.name,
          field,
          referenced,
          id: referencedId,
        })
      }
    }
    for (const { key, value } of entries.uniques) {
      const owner = await tables.uniqueOwner(collection.name, key, value)
      if (owner !== undefined && owner !== id) throw takenKey(collection, document, key)
    }
    await tables.remove(collection.name, id)
    await tables.add({ collection: collection.name, id, body: encode(document), ...entries })
    this.#changed = true
  }

  async remove(collection: Collection, id: string): Promise<boolean> {
    const tables = this.#open()
    if ((await tables.document(collection.name, id)) === undefined) return false
    const doomed = await this.#doomed({ collection: collection.name, id })
    for (const each of doomed) await tables.remove(each.collection, each.id)
    this.#changed = true
    return true
  }

  async clear(): Promise<void> {
    if (await this.#open().clear()) this.#changed = true
  }

  /** The document and, following `cascade`, all that go with it. */
  async #doomed(
    first: Omit<DocumentRow, 'body'>,
  ): Promise<readonly { readonly collection: string; readonly id: string }[]> {
    const tables = this.#open()
    const doomed = new Map([[encode([first.collection, first.id]), first]])
    // A map may grow while it is walked; what is added is visited too.
    for (const { collection, id } of doomed.values()) {
      for (const referrer of await tables.referrers(collection, id)) {
        const name = encode([referrer.collection, referrer.id])
        if (doomed.has(name)) continue
        if (referrer.onRemove === 'restrict') {
          const by = referrer.collection
          throw new ConstraintError({ kind: 'still-referenced', collection, id, by })
        }
        doomed.set(name, { collection: referrer.collection, id: referrer.id })
      }
    }
    return [...doomed.values()]
  }

  #open(): Tables {
    if (this.#closed) {
      throw new MeshError(
        'store-view-closed',
        'Cannot use a view of the store after its callback has ended: await everything inside it',
      )
    }
    return this.#tables
  }
}

function takenKey(collection: Collection, document: StoredDocument, name: string): ConstraintError {
  const values: Readonly<Record<string, unknown>> = { ...document }
  return new ConstraintError({
    kind: 'unique',
    collection: collection.name,
    key: Object.fromEntries(name.split(',').map((field) => [field, values[field] ?? null])),
  })
}
