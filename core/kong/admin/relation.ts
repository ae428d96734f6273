import type { Entity } from '#core/kong/entities/entity.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { valueAt } from '#core/kong/schema/plain-record.ts'

/** A foreign key: entities of `child` name one of `parent` in `field`. */
export interface Relation {
  readonly parent: EntityKind
  readonly child: EntityKind
  readonly field: string
}

/** Finds all foreign keys between these kinds. */
export function relationsAmong(kinds: readonly EntityKind[]): readonly Relation[] {
  return kinds.flatMap((child) =>
    Object.entries(child.schema.fields).flatMap(([field, description]): Relation[] => {
      if (description.type !== 'foreign') return []
      const parent = kinds.find(({ schema }) => schema.name === description.reference)
      return parent === undefined ? [] : [{ parent, child, field }]
    }),
  )
}

/** Id of the entity that this one names in a field. */
export function referencedId(entity: Entity, field: string): string | undefined {
  const id = valueAt(entity, `${field}.id`)
  return typeof id === 'string' ? id : undefined
}
