import type { Entity } from '#core/kong/entities/entity.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import type { Schema } from '#core/kong/schema/field.ts'
import { expandShorthands } from '#core/kong/schema/expand-shorthands.ts'
import { fillDefaults, type Generate } from '#core/kong/schema/fill-defaults.ts'
import { inferForm } from '#core/kong/schema/infer-form.ts'
import { mergeEntity } from '#core/kong/schema/merge-entity.ts'
import { isRecord, plainRecord, type PlainRecord } from '#core/kong/schema/plain-record.ts'
import { isUuid } from '#core/kong/schema/rules.ts'
import { variantOf } from '#core/kong/schema/schema-variant.ts'
import { validate, validateField } from '#core/kong/schema/validate.ts'
import type { StoreTransaction, StoreView } from '#core/store/store.ts'
import {
  invalidPrimaryKey,
  invalidUnique,
  schemaViolation,
  unresolvedForeignKey,
} from './admin-fault.ts'
import type { EntityInput, KindOperations } from './kind-operations.ts'

export interface EntityOperationsOptions {
  /** All kinds that foreign keys refer to, by collection. */
  readonly kinds: ReadonlyMap<string, EntityKind>
  readonly generate: Generate
}

/** The operations of a kind of which nothing special is to be said. */
export class EntityOperations implements KindOperations {
  readonly kind: EntityKind
  readonly #kinds: ReadonlyMap<string, EntityKind>
  readonly #generate: Generate

  constructor(kind: EntityKind, { kinds, generate }: EntityOperationsOptions) {
    this.kind = kind
    this.#kinds = kinds
    this.#generate = generate
  }

  /** Finds an entity by id or by its endpoint key. */
  async select(view: StoreView, key: string): Promise<Entity | undefined> {
    const by = resolveKey(this.kind.schema, key)
    return by.field === 'id'
      ? view.get(this.kind.collection, by.value)
      : view.find(this.kind.collection, { [by.field]: by.value })
  }

  async insert(transaction: StoreTransaction, input: EntityInput): Promise<Entity> {
    const given = await this.#expand(transaction, input)
    const entity = this.#complete(given)
    await transaction.insert(this.kind.collection, entity)
    return entity
  }

  async upsert(transaction: StoreTransaction, key: string, input: EntityInput): Promise<Entity> {
    const by = resolveKey(this.kind.schema, key)
    const existing = await this.select(transaction, key)
    const given = await this.#expand(transaction, input)
    given[by.field] = by.value
    if (existing !== undefined) given['id'] = existing.id
    const entity = this.#complete(given)
    if (existing === undefined) await transaction.insert(this.kind.collection, entity)
    else await transaction.put(this.kind.collection, entity)
    return entity
  }

  async update(
    transaction: StoreTransaction,
    existing: Entity,
    input: EntityInput,
  ): Promise<Entity> {
    const given = await this.#expand(transaction, input, existing)
    given['id'] = existing.id
    const variant = variantOf(this.kind.schema, { ...existing, ...given })
    const change = fillDefaults(variant, given, 'update', this.#generate)
    const merged = mergeEntity(variant, change, { ...existing })
    // A plugin that becomes another one gets the settings of that one.
    const whole = fillDefaults(variant, merged, 'create', this.#generate)
    const faults = validate(variant, whole, { updating: true })
    if (faults !== undefined) throw schemaViolation(faults)
    const entity = this.#prepare(this.kind.collection.revive(whole), given)
    await transaction.put(this.kind.collection, entity)
    return entity
  }

  async remove(transaction: StoreTransaction, existing: Entity): Promise<void> {
    await transaction.remove(this.kind.collection, existing.id)
  }

  async show(_view: StoreView, entities: readonly Entity[]): Promise<readonly unknown[]> {
    return entities
  }

  #complete(given: PlainRecord): Entity {
    const { schema, collection } = this.kind
    const entity = fillDefaults(schema, given, 'create', this.#generate)
    const faults = validate(schema, entity)
    if (faults !== undefined) throw schemaViolation(faults)
    const revived = collection.revive(entity)
    return this.kind.prepare?.(revived) ?? revived
  }

  /** Prepares only what has been given: what is stored has been prepared. */
  #prepare(entity: Entity, given: PlainRecord): Entity {
    if (this.kind.prepare === undefined) return entity
    const prepared = { ...this.kind.prepare(entity) }
    const kept = Object.entries(entity).filter(([name]) => !Object.hasOwn(given, name))
    return this.kind.collection.revive({ ...prepared, ...Object.fromEntries(kept) })
  }

  /** Replaces what is only a way of writing: texts of forms, shorthands, and foreign keys by name. */
  async #expand(
    view: StoreView,
    { fields, isForm }: EntityInput,
    existing?: Entity,
  ): Promise<PlainRecord> {
    const { schema } = this.kind
    const given = judgeable(schema, fields)
    const variant = variantOf(schema, { ...existing, ...given })
    const expanded = expandShorthands(schema, isForm ? inferForm(variant, given) : given)
    for (const [name, field] of Object.entries(variant.fields)) {
      const value = expanded[name]
      if (field.type !== 'foreign' || !isRecord(value) || value['id'] !== undefined) continue
      const parent = this.#kinds.get(field.reference)
      const keyName = parent?.schema.endpointKey
      if (parent === undefined || keyName === undefined) continue
      const key = value[keyName]
      if (typeof key !== 'string') continue
      const found = await view.find(parent.collection, { [keyName]: key })
      if (found === undefined) {
        throw unresolvedForeignKey(name, { name: keyName, value: key, parent: field.reference })
      }
      expanded[name] = plainRecord([['id', found.id]])
    }
    return expanded
  }
}

/** More of them would all be refused alike, and only slow down the refusal. */
const mostUnknown = 100

/** The fields that there are, and some of those that there are not. */
function judgeable(
  { fields, shorthands = {} }: Schema,
  given: Readonly<Record<string, unknown>>,
): PlainRecord {
  let unknown = 0
  const kept = plainRecord()
  for (const name of Object.keys(given)) {
    const isKnown = Object.hasOwn(fields, name) || Object.hasOwn(shorthands, name)
    if (!isKnown && (unknown += 1) > mostUnknown) continue
    kept[name] = given[name]
  }
  return kept
}

/** Which field the key in a path names. A UUID is always an id. */
function resolveKey(
  schema: Schema,
  key: string,
): { readonly field: string; readonly value: string } {
  if (isUuid(key)) return { field: 'id', value: key.toLowerCase() }
  const name = schema.endpointKey
  const field = name === undefined ? undefined : schema.fields[name]
  if (name === undefined || field === undefined) {
    throw invalidPrimaryKey({ id: 'expected a valid UUID' })
  }
  const fault = validateField(field, key)
  if (typeof fault === 'string') throw invalidUnique(name, fault)
  return { field: name, value: key }
}
