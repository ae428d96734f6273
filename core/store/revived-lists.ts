import type { Collection, StoredDocument } from './store.ts'
import type { DocumentRow } from './tables.ts'

/**
 * Reads stored bodies. Whole lists are read again and again with little changed in between: a body that was in the last
 * list of its collection gives the same document again.
 */
export class RevivedLists {
  readonly #lists = new WeakMap<Collection, ReadonlyMap<string, Revived>>()

  list<document extends StoredDocument>(
    collection: Collection<document>,
    rows: readonly DocumentRow[],
  ): readonly document[] {
    const known = this.#lists.get(collection)
    const list = new Map<string, Revived>()
    for (const { id, body } of rows) {
      const last = known?.get(id)
      const isSame = last !== undefined && last.body === body
      list.set(id, isSame ? last : { body, document: frozen(reviveBody(collection, body)) })
    }
    this.#lists.set(collection, list)
    // oxlint-disable-next-line no-unsafe-type-assertion -- a collection's list holds its own documents
    return [...list.values()].map(({ document }) => document as document)
  }
}

interface Revived {
  readonly body: string
  readonly document: StoredDocument
}

export function reviveBody<document extends StoredDocument>(
  collection: Collection<document>,
  body: string,
): document {
  const stored: Readonly<Record<string, unknown>> = JSON.parse(body)
  return collection.revive(stored)
}

/** What several readers share, none of them may change. */
function frozen<value>(value: value): value {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}
