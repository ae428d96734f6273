import type { Entity } from '#core/kong/entities/entity.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import type { StoreTransaction, StoreView } from '#core/store/store.ts'

/** What a request gives for an entity. */
export interface EntityInput {
  readonly fields: Readonly<Record<string, unknown>>
  /** Came in a form: every value is a text, and the description of the entity says what it stands for. */
  readonly isForm: boolean
}

/** Reads and writes the entities of one kind by the rules of the Admin API, inside a transaction of the caller. */
export interface KindOperations {
  readonly kind: EntityKind
  /** Finds an entity by what a path can name it by. */
  select(view: StoreView, key: string): Promise<Entity | undefined>
  /** Creates an entity: POST. */
  insert(transaction: StoreTransaction, input: EntityInput): Promise<Entity>
  /** Creates the entity with this key or replaces all its fields: PUT. */
  upsert(transaction: StoreTransaction, key: string, input: EntityInput): Promise<Entity>
  /** Changes the given fields of an entity: PATCH. */
  update(transaction: StoreTransaction, existing: Entity, input: EntityInput): Promise<Entity>
  remove(transaction: StoreTransaction, existing: Entity): Promise<void>
  /** What is told of entities. */
  show(view: StoreView, entities: readonly Entity[]): Promise<readonly unknown[]>
}

/** The input with further fields, which win. */
export function withFields(
  { fields, isForm }: EntityInput,
  more: Readonly<Record<string, unknown>>,
): EntityInput {
  return { fields: { ...fields, ...more }, isForm }
}
