import type { Entity } from '#core/kong/entities/entity.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { fillDefaults, type Generate } from '#core/kong/schema/fill-defaults.ts'
import { validate } from '#core/kong/schema/validate.ts'
import { declaredIds } from './declared-id.ts'
import { DeclarativeError } from './declarative-error.ts'
import { FaultTree, type Place } from './fault-tree.ts'
import { flatten } from './flatten.ts'
import { asTable, readDocument } from './read-document.ts'
import { DeclaredReferences } from './resolve-references.ts'
import { Uniqueness } from './uniqueness.ts'

export interface DeclarativeOptions {
  /** Every kind that may be declared. */
  readonly kinds: readonly EntityKind[]
  readonly generate: Generate
}

/** Entities by the name of their collection, in the order of the document; one entry for each kind. */
export type DeclaredEntities = ReadonlyMap<string, readonly Entity[]>

/**
 * Reads a declarative configuration (Kong 1.1, "Declarative configuration"), as YAML or JSON or already parsed. Entities
 * are complete and checked, references lead to entities of the same document, and ids are the same each time.
 * @throws DeclarativeError with every fault found.
 */
export function parseDeclarative(
  input: string | Readonly<Record<string, unknown>>,
  { kinds, generate }: DeclarativeOptions,
): DeclaredEntities {
  const document = typeof input === 'string' ? readDocument(input) : asTable(input)
  const { items, faults } = flatten(document, kinds)
  const tree = new FaultTree()
  const fail = (place: Place, fault: string): void => tree.add(place, fault)
  for (const { place, fault } of faults) tree.add(place, fault)

  const ids = declaredIds(items)
  const references = new DeclaredReferences(ids)
  const uniqueness = new Uniqueness()
  const declared = new Map<string, Entity[]>(kinds.map(({ schema }) => [schema.name, []]))
  for (const item of items) {
    const { kind, place, parent } = item
    const given = references.resolve(item, parent && ids.get(parent.item), fail)
    given['id'] = ids.get(item)
    const entity = fillDefaults(kind.schema, given, 'create', generate)
    const found = validate(kind.schema, entity)
    if (found !== undefined) {
      tree.add(place, found)
      continue
    }
    uniqueness.claim(kind, entity, { place, fail })
    const revived = kind.collection.revive(entity)
    // What a file without transformations holds has been prepared before.
    const prepared = document['_transform'] === false ? revived : kind.prepare?.(revived)
    declared.get(kind.schema.name)?.push(prepared ?? revived)
  }
  const found = tree.found()
  if (found !== undefined) throw new DeclarativeError(found)
  return declared
}
