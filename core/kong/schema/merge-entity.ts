import type { Fields, Schema } from './field.ts'
import { isRecord, plainRecord, type PlainRecord } from './plain-record.ts'
import { variantOf } from './schema-variant.ts'

/**
 * Lays a change over an entity as PATCH does: fields of nested records one by one, everything else (lists, maps, null)
 * replaced.
 */
export function mergeEntity(
  schema: Pick<Schema, 'fields' | 'variantOf'>,
  change: Readonly<Record<string, unknown>>,
  entity: Readonly<Record<string, unknown>>,
): PlainRecord {
  return mergeFields(variantOf(schema, { ...entity, ...change }).fields, change, entity)
}

function mergeFields(
  fields: Fields,
  change: Readonly<Record<string, unknown>>,
  below: Readonly<Record<string, unknown>>,
): PlainRecord {
  const merged = plainRecord(Object.entries(below))
  for (const [name, value] of Object.entries(change)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    const beneath = merged[name]
    merged[name] =
      field?.type === 'record' && isRecord(value) && isRecord(beneath)
        ? mergeFields(field.fields, value, beneath)
        : value
  }
  return merged
}
