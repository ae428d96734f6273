import type { EntityDirectory } from './entity-directory.ts'
import type { EntityKind } from './entity-kind.ts'
import type { Entity } from './entity.ts'

/** Entities by the name of their collection, each list by ascending id. Indexes are made when they are first needed. */
export function directoryOf(collections: ReadonlyMap<string, readonly Entity[]>): EntityDirectory {
  const indexes = new Map<string, Map<string, Entity[]>>()
  const listOf = <entity extends Entity>(kind: EntityKind<entity>): readonly entity[] => {
    const entities = collections.get(kind.collection.name) ?? []
    // oxlint-disable-next-line no-unsafe-type-assertion -- a collection holds entities of its kind only
    return entities as readonly entity[]
  }
  const indexOf = <entity extends Entity>(
    kind: EntityKind<entity>,
    field: string,
  ): ReadonlyMap<string, readonly entity[]> => {
    const name = `${kind.collection.name}.${field}`
    let index = indexes.get(name)
    if (index === undefined) {
      index = new Map()
      for (const entity of listOf(kind)) {
        const value = valueOf(entity, field)
        if (value === undefined) continue
        const same = index.get(value)
        if (same === undefined) index.set(value, [entity])
        else same.push(entity)
      }
      indexes.set(name, index)
    }
    // oxlint-disable-next-line no-unsafe-type-assertion -- made of a list of this kind
    return index as ReadonlyMap<string, readonly unknown[]> as ReadonlyMap<string, entity[]>
  }
  return {
    get: (kind, id) => indexOf(kind, 'id').get(id)?.[0],
    find: (kind, field, value) => indexOf(kind, field).get(value)?.[0],
    findAll: (kind, field, value) => indexOf(kind, field).get(value) ?? [],
    list: listOf,
  }
}

function valueOf(entity: Entity, field: string): string | undefined {
  const fields: Readonly<Record<string, unknown>> = { ...entity }
  const value = fields[field]
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || !('id' in value)) return undefined
  return typeof value.id === 'string' ? value.id : undefined
}
