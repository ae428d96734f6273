import type { Entity } from '#core/kong/entities/entity.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import type { StoreTransaction, StoreView } from '#core/store/store.ts'
import type { DeclaredEntities } from './parse-declarative.ts'

/** Adds the declared entities to those that are there; one with the same id is replaced. */
export async function writeEntities(
  transaction: StoreTransaction,
  kinds: readonly EntityKind[],
  declared: DeclaredEntities,
): Promise<void> {
  for (const { collection } of inOrder(kinds)) {
    for (const entity of declared.get(collection.name) ?? []) {
      await transaction.put(collection, entity)
    }
  }
}

/** Everything of these kinds, for `renderDeclarative`. */
export async function readAllEntities(
  view: StoreView,
  kinds: readonly EntityKind[],
): Promise<ReadonlyMap<string, readonly Entity[]>> {
  const all = new Map<string, readonly Entity[]>()
  for (const { collection } of kinds) all.set(collection.name, await view.list(collection))
  return all
}

/** Kinds that are referred to before those that refer to them. */
function inOrder(kinds: readonly EntityKind[]): readonly EntityKind[] {
  const byName = new Map(kinds.map((kind) => [kind.collection.name, kind]))
  const ordered = new Set<EntityKind>()
  const visit = (kind: EntityKind, above: readonly EntityKind[]): void => {
    if (above.includes(kind)) return
    for (const { collection } of kind.collection.references) {
      const referenced = byName.get(collection)
      if (referenced !== undefined) visit(referenced, [...above, kind])
    }
    ordered.add(kind)
  }
  for (const kind of kinds) visit(kind, [])
  return [...ordered]
}
