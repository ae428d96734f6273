import { isRecord, plainRecord, type PlainRecord } from '#core/kong/schema/plain-record.ts'
import type { DeclaredItem } from './flatten.ts'
import type { Place } from './fault-tree.ts'

/** Finds the entities of a document that references name. */
export class DeclaredReferences {
  /** Collection → id or name → id. */
  readonly #known = new Map<string, Map<string, string>>()

  constructor(ids: ReadonlyMap<DeclaredItem, unknown>) {
    for (const [{ kind, given }, id] of ids) {
      if (typeof id !== 'string') continue
      const known = this.#known.getOrInsertComputed(kind.schema.name, () => new Map())
      known.set(id, id)
      const name =
        kind.schema.endpointKey === undefined ? undefined : given[kind.schema.endpointKey]
      if (typeof name === 'string' && !known.has(name)) known.set(name, id)
    }
  }

  /** Returns the fields with each reference as `{ id }`; what leads nowhere is told to `fail` and left out. */
  resolve(
    { kind, given, parent, place }: DeclaredItem,
    parentId: unknown,
    fail: (place: Place, fault: string) => void,
  ): PlainRecord {
    const resolved = plainRecord(Object.entries(given))
    for (const [name, field] of Object.entries(kind.schema.fields)) {
      if (field.type !== 'foreign') continue
      const value = resolved[name] ?? undefined
      if (parent?.field === name) {
        resolved[name] = plainRecord([['id', parentId]])
      } else if (value !== undefined) {
        const key = typeof value === 'string' ? value : keyOf(value)
        if (key === undefined) continue
        const known = this.#known.get(field.reference)
        const id = known?.get(key) ?? known?.get(key.toLowerCase())
        if (id === undefined) {
          const text = `invalid reference '${name}: ${key}' (no such entry in '${field.reference}')`
          fail([...place, name], text)
        } else {
          resolved[name] = plainRecord([['id', id]])
        }
      }
    }
    return resolved
  }
}

/** The one text in `{ id }`, `{ name }` and the like. */
function keyOf(value: unknown): string | undefined {
  const texts = isRecord(value) ? Object.values(value) : []
  return texts.length === 1 && typeof texts[0] === 'string' ? texts[0] : undefined
}
