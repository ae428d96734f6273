import { fillDefaults, type Generate } from '#core/kong/schema/fill-defaults.ts'
import type { Schema } from '#core/kong/schema/field.ts'
import type { PlainRecord } from '#core/kong/schema/plain-record.ts'
import type { Collection, Reference, UniqueKey } from '#core/store/store.ts'
import type { Entity } from './entity.ts'

/** One kind of entity: how it is described and how it is kept. */
export interface EntityKind<entity extends Entity = Entity> {
  readonly schema: Schema
  readonly collection: Collection<entity>
}

/** Derives from a schema how its entities are stored: unique keys, references, searchable tags. */
export function entityKind<entity extends Entity>(schema: Schema): EntityKind<entity> {
  const fields = Object.entries(schema.fields)
  const single = fields.flatMap(([name, field]): UniqueKey[] =>
    field.type === 'string' && field.unique === true ? [{ fields: [name] }] : [],
  )
  const together = (schema.uniqueTogether ?? []).map((names): UniqueKey => ({
    fields: names,
    nullsEqual: true,
  }))
  return {
    schema,
    collection: {
      name: schema.name,
      unique: [...single, ...together],
      references: fields.flatMap(([name, field]): Reference[] =>
        field.type === 'foreign'
          ? [{ field: name, collection: field.reference, onRemove: field.onRemove ?? 'restrict' }]
          : [],
      ),
      indexed: Object.hasOwn(schema.fields, 'tags') ? ['tags'] : [],
      // oxlint-disable-next-line no-unsafe-type-assertion -- what is stored has passed `validate` under this schema
      revive: (stored) => fillDefaults(schema, stored, 'load', nothing) as PlainRecord & entity,
    },
  }
}

const nothing: Generate = { now: () => 0, uuid: () => '', secret: () => '' }
