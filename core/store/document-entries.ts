import type { Collection, StoredDocument, UniqueKey } from './store.ts'
import type { Entries, ReferenceRow } from './tables.ts'

type Values = Readonly<Record<string, unknown>>

/** Finds in a document everything by which it can be found later. */
export function entriesOf(collection: Collection, document: StoredDocument): Entries {
  const values: Values = { ...document }
  const references = collection.references.flatMap((reference): ReferenceRow[] => {
    const id = referencedId(values[reference.field])
    return id === undefined
      ? []
      : [
          {
            field: reference.field,
            referenced: reference.collection,
            referencedId: id,
            onRemove: reference.onRemove,
          },
        ]
  })
  return {
    uniques: collection.unique.flatMap((key) => {
      const value = uniqueValue(key, values)
      return value === undefined ? [] : [{ key: keyName(key), value }]
    }),
    indexed: [
      ...collection.indexed.flatMap((field) =>
        [...new Set(elementsOf(values[field]))].map((value) => ({ field, value: encode(value) })),
      ),
      ...references.map(({ field, referencedId: id }) => ({ field, value: encode(id) })),
    ],
    references,
  }
}

export function keyName(key: UniqueKey): string {
  return key.fields.join(',')
}

/** The value of a unique key, or undefined when the document cannot be in conflict over it. */
export function uniqueValue(key: UniqueKey, values: Values): string | undefined {
  const parts = key.fields.map((field) => values[field] ?? null)
  return parts.includes(null) && key.nullsEqual !== true ? undefined : encode(parts)
}

export function encode(value: unknown): string {
  return JSON.stringify(value)
}

function referencedId(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('id' in value)) return undefined
  return typeof value.id === 'string' ? value.id : undefined
}

function elementsOf(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return []
  return Array.isArray(value) ? value : [value]
}
