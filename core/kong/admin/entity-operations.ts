import type { Entity } from '#core/kong/entities/entity.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { expandShorthands } from '#core/kong/schema/expand-shorthands.ts'
import { fillDefaults, type Generate, type Occasion } from '#core/kong/schema/fill-defaults.ts'
import { mergeEntity } from '#core/kong/schema/merge-entity.ts'
import { isRecord, plainRecord, type PlainRecord } from '#core/kong/schema/plain-record.ts'
import { isUuid } from '#core/kong/schema/rules.ts'
import { validate, validateField } from '#core/kong/schema/validate.ts'
import type { StoreTransaction, StoreView } from '#core/store/store.ts'
import {
  invalidPrimaryKey,
  invalidUnique,
  schemaViolation,
  unresolvedForeignKey,
} from './admin-fault.ts'

type Input = Readonly<Record<string, unknown>>

/** Reads and writes entities of any kind by the rules of Kong 1.1's Admin API, inside a transaction of the caller. */
export class EntityOperations {
  readonly #kinds: ReadonlyMap<string, EntityKind>
  readonly #generate: Generate

  /** `kinds` are all kinds that foreign keys of any of them refer to. */
  constructor(kinds: readonly EntityKind[], generate: Generate) {
    this.#kinds = new Map(kinds.map((kind) => [kind.schema.name, kind]))
    this.#generate = generate
  }

  /** Finds an entity by id or by its endpoint key. */
  async select<entity extends Entity>(
    view: StoreView,
    kind: EntityKind<entity>,
    key: string,
  ): Promise<entity | undefined> {
    const by = resolveKey(kind, key)
    return by.field === 'id'
      ? view.get(kind.collection, by.value)
      : view.find(kind.collection, { [by.field]: by.value })
  }

  /** Creates an entity: POST. */
  async insert(transaction: StoreTransaction, kind: EntityKind, input: Input): Promise<Entity> {
    const given = await this.#expand(transaction, kind, input)
    const entity = this.#complete(kind, given, 'create')
    await transaction.insert(kind.collection, entity)
    return entity
  }

  /** Creates the entity with this key or replaces all its fields: PUT. */
  async upsert(
    transaction: StoreTransaction,
    kind: EntityKind,
    key: string,
    input: Input,
  ): Promise<Entity> {
    const by = resolveKey(kind, key)
    const existing = await this.select(transaction, kind, key)
    const given = await this.#expand(transaction, kind, input)
    given[by.field] = by.value
    if (existing !== undefined) given['id'] = existing.id
    const entity = this.#complete(kind, given, 'create')
    if (existing === undefined) await transaction.insert(kind.collection, entity)
    else await transaction.put(kind.collection, entity)
    return entity
  }

  /** Changes the given fields of an entity: PATCH. */
  async update(
    transaction: StoreTransaction,
    kind: EntityKind,
    existing: Entity,
    input: Input,
  ): Promise<Entity> {
    const given = await this.#expand(transaction, kind, input)
    given['id'] = existing.id
    const change = fillDefaults(kind.schema, given, 'update', this.#generate)
    const merged = mergeEntity(kind.schema, change, { ...existing })
    const faults = validate(kind.schema, merged, { updating: true })
    if (faults !== undefined) throw schemaViolation(faults)
    const entity = kind.collection.revive(merged)
    await transaction.put(kind.collection, entity)
    return entity
  }

  #complete(kind: EntityKind, given: Input, occasion: Occasion): Entity {
    const entity = fillDefaults(kind.schema, given, occasion, this.#generate)
    const faults = validate(kind.schema, entity)
    if (faults !== undefined) throw schemaViolation(faults)
    return kind.collection.revive(entity)
  }

  /** Replaces what is only a way of writing: shorthands, and foreign keys by name. */
  async #expand(view: StoreView, { schema }: EntityKind, input: Input): Promise<PlainRecord> {
    const expanded = expandShorthands(schema, input)
    for (const [name, field] of Object.entries(schema.fields)) {
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

/** Which field the key in a path names. A UUID is always an id. */
function resolveKey(
  { schema }: EntityKind,
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
