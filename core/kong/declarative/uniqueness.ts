import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { valueAt } from '#core/kong/schema/plain-record.ts'
import type { Place } from './fault-tree.ts'

/** Finds entities of one document that would have to share an id or a unique key. */
export class Uniqueness {
  readonly #taken = new Set<string>()

  claim(
    kind: EntityKind,
    entity: Readonly<Record<string, unknown>>,
    {
      place,
      fail,
    }: { readonly place: Place; readonly fail: (place: Place, fault: string) => void },
  ): void {
    const { name, unique } = kind.collection
    const keys = [{ fields: ['id'], nullsEqual: false }, ...unique]
    for (const { fields, nullsEqual } of keys) {
      const values = fields.map((field) => shown(valueAt(entity, field)))
      if (nullsEqual !== true && values.includes(null)) continue
      const key = JSON.stringify([name, fields, values])
      if (this.#taken.has(key)) {
        const [field = 'id'] = fields
        fail(
          [...place, field],
          `uniqueness violation: '${name}' entity with ${fields.join(', ')} set to '${values.join(', ')}' already declared`,
        )
      }
      this.#taken.add(key)
    }
  }
}

/** A reference counts by its id. */
function shown(value: unknown): unknown {
  return valueAt(value, 'id') ?? value ?? null
}
