import type { Field, Fields, NumberField, Schema } from './field.ts'
import { isRecord, plainRecord, type PlainRecord } from './plain-record.ts'
import { longestList } from './rules.ts'
import { variantOf } from './schema-variant.ts'

/** What a node makes up: time and identifiers. */
export interface Generate {
  /** Unix time in ms. */
  now(): number
  uuid(): string
  /** 32 random letters and digits. */
  secret(): string
}

/**
 * Why fields are filled in: `create` (POST, PUT) gives every field a value, `update` (PATCH) only those that are there,
 * and `load` completes what an earlier version stored.
 */
export type Occasion = 'create' | 'update' | 'load'

/**
 * Returns the entity with its fields in the schema's order, with missing ones filled in, sets freed of repetitions and
 * UUIDs in lower case. Fields that the schema does not know are kept, at the end. Wrong values pass: `validate` judges.
 */
export function fillDefaults(
  schema: Pick<Schema, 'fields' | 'variantOf'>,
  entity: Readonly<Record<string, unknown>>,
  occasion: Occasion,
  generate: Generate,
): PlainRecord {
  const { fields } = variantOf(schema, entity)
  const filled = fillFields(fields, entity, occasion)
  for (const [name, field] of Object.entries(fields)) {
    const value = generated(field, filled[name], occasion, generate)
    if (value !== undefined) filled[name] = value
  }
  return filled
}

function fillFields(
  fields: Fields,
  record: Readonly<Record<string, unknown>>,
  occasion: Occasion,
): PlainRecord {
  const filled = plainRecord()
  for (const [name, field] of Object.entries(fields)) {
    const given = Object.hasOwn(record, name) ? record[name] : undefined
    const value = fillField(field, given, occasion)
    if (value !== undefined) filled[name] = value
  }
  for (const [name, value] of Object.entries(record)) {
    if (!Object.hasOwn(fields, name)) filled[name] = value
  }
  return filled
}

function fillField(field: Field, value: unknown, occasion: Occasion): unknown {
  if (value === undefined) return occasion === 'update' ? undefined : missing(field, occasion)
  if (value === null) {
    // Nobody can clear what the node fills in.
    if ('auto' in field && field.auto !== undefined) return undefined
    return occasion === 'load' && field.required === true ? missing(field, occasion) : null
  }
  switch (field.type) {
    case 'record':
      return isRecord(value) ? fillFields(field.fields, value, occasion) : value
    case 'array':
      return Array.isArray(value) ? fillElements(field.elements, value) : value
    case 'set':
      return Array.isArray(value) ? fillElements(field.elements, distinct(value)) : value
    case 'foreign':
      return isRecord(value) ? foreignKey(value) : value
    case 'string':
      return field.uuid === true && typeof value === 'string' ? value.toLowerCase() : value
    case 'map':
    case 'number':
    case 'integer':
    case 'boolean':
    default:
      return value
  }
}

/** An element is written anew as a whole, also when the list is part of a PATCH. */
function fillElements(elements: Field, values: readonly unknown[]): readonly unknown[] {
  if (isEndless(values)) return values
  return values.map((value) => (value === undefined ? null : fillField(elements, value, 'create')))
}

function distinct(values: readonly unknown[]): readonly unknown[] {
  return isEndless(values) ? values : [...new Set(values)]
}

/** Will be refused for its length, so that it need not be looked at. */
function isEndless(values: readonly unknown[]): boolean {
  return values.length > 10 * longestList
}

function foreignKey(value: Readonly<Record<string, unknown>>): PlainRecord {
  const id = value['id']
  return plainRecord(
    id === undefined ? [] : [['id', typeof id === 'string' ? id.toLowerCase() : id]],
  )
}

function missing(field: Field, occasion: Occasion): unknown {
  if ('auto' in field && field.auto !== undefined) return undefined
  if ('default' in field && field.default !== undefined) return structuredClone(field.default)
  if (field.required !== true) return null
  return field.type === 'record' ? fillFields(field.fields, {}, occasion) : undefined
}

function generated(field: Field, value: unknown, occasion: Occasion, generate: Generate): unknown {
  if (!('auto' in field) || field.auto === undefined || occasion === 'load') return undefined
  if (field.auto === 'updated') return timestamp(field, generate)
  if (occasion === 'update' || value !== undefined) return undefined
  if (field.auto === 'created') return timestamp(field, generate)
  return field.auto === 'uuid' ? generate.uuid() : generate.secret()
}

function timestamp(field: NumberField, generate: Generate): number {
  const seconds = generate.now() / 1000
  return field.type === 'integer' ? Math.floor(seconds) : seconds
}
