import type { Entity } from '#core/kong/entities/entity.ts'
import { isUuid } from '#core/kong/schema/rules.ts'
import { valueAt } from '#core/kong/schema/plain-record.ts'
import type { StoreTransaction, StoreView } from '#core/store/store.ts'
import type { AdminContext } from './admin-context.ts'
import { notFound } from './admin-fault.ts'
import { type EntityInput, type KindOperations, withFields } from './kind-operations.ts'
import { listWhere, referringTo } from './list-where.ts'
import { type Relation, referencedId } from './relation.ts'
import { found } from './reply-with.ts'

/** What a path such as `/services/:parent/routes/:child` names. */
type ChildParameters = Readonly<Record<string, string>>

/** Reads and writes entities below the one that they belong to. */
export class ChildOperations {
  readonly children: KindOperations
  readonly #parents: KindOperations
  readonly #relation: Relation

  constructor(relation: Relation, context: AdminContext) {
    this.#relation = relation
    this.#parents = context.operationsOf(relation.parent)
    this.children = context.operationsOf(relation.child)
  }

  /** The parent, which must be there, and the child, which must be its own if it is there. */
  async select(
    view: StoreView,
    { parent = '', child = '' }: ChildParameters,
  ): Promise<{ readonly owner: Entity; readonly entity: Entity | undefined }> {
    const { field, child: kind } = this.#relation
    const owner = found(await this.#parents.select(view, parent))
    const nestedKey = this.#nestedKeyFor(child)
    if (nestedKey !== undefined) {
      const own = await listWhere(view, kind.collection, referringTo(field, owner.id))
      return { owner, entity: own.find((each) => valueAt(each, nestedKey) === child) }
    }
    const entity = await this.children.select(view, child)
    if (entity !== undefined && referencedId(entity, field) !== owner.id) throw notFound()
    return { owner, entity }
  }

  async upsert(
    transaction: StoreTransaction,
    parameters: ChildParameters,
    input: EntityInput,
  ): Promise<Entity> {
    const { owner, entity } = await this.select(transaction, parameters)
    const { child = '' } = parameters
    const owned = withFields(input, { [this.#relation.field]: { id: owner.id } })
    const nestedKey = this.#nestedKeyFor(child)
    if (nestedKey === undefined) return this.children.upsert(transaction, child, owned)
    const named = withFields(owned, { [nestedKey]: child })
    return entity === undefined
      ? this.children.insert(transaction, named)
      : this.children.upsert(transaction, entity.id, named)
  }

  /** The field that this key stands for, where it is one that only has a meaning below the parent. */
  #nestedKeyFor(key: string): string | undefined {
    return isUuid(key) ? undefined : this.#relation.child.endpoints?.nestedKey
  }
}
