import { fillDefaults, type Generate } from '#core/kong/schema/fill-defaults.ts'
import type { Schema } from '#core/kong/schema/field.ts'
import type { PlainRecord } from '#core/kong/schema/plain-record.ts'
import type { Collection, Reference, UniqueKey } from '#core/store/store.ts'
import type { Entity } from './entity.ts'

/** One kind of entity: how it is described and how it is kept. */
export interface EntityKind<entity extends Entity = Entity> {
  readonly schema: Schema
  readonly collection: Collection<entity>
  readonly endpoints?: EntityEndpoints
  /** Last step before an entity is stored: what must not be stored as it was given (passwords) is replaced. */
  prepare?(entity: entity): entity
}

/** How the Admin API names a kind where that is not its collection's name. */
export interface EntityEndpoints {
  /** Further path of the collection: `key-auths` for `keyauth_credentials`. */
  readonly path?: string
  /** Further path below the parent: `key-auth`, as in `/consumers/:consumer/key-auth`. */
  readonly nestedPath?: string
  /** Field by which an entity can be addressed below its parent, where it need be unique only there: `group`. */
  readonly nestedKey?: string
}

/** Derives from a schema how its entities are stored: unique keys, references, searchable tags. */
export function entityKind<entity extends Entity>(
  schema: Schema,
  options: Pick<EntityKind<entity>, 'endpoints' | 'prepare'> = {},
): EntityKind<entity> {
  const fields = Object.entries(schema.fields)
  const single = fields.flatMap(([name, field]): UniqueKey[] =>
    field.type === 'string' && field.unique === true ? [{ fields: [name] }] : [],
  )
  const together = (schema.uniqueTogether ?? []).map((names): UniqueKey => ({
    fields: names,
    nullsEqual: true,
  }))
  return {
    ...options,
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
