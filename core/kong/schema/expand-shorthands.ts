import type { Schema } from './field.ts'
import { plainRecord, type PlainRecord } from './plain-record.ts'

/** Replaces write-only fields by the fields they stand for. */
export function expandShorthands(
  schema: Pick<Schema, 'shorthands'>,
  entity: Readonly<Record<string, unknown>>,
): PlainRecord {
  const expanded = plainRecord(Object.entries(entity))
  for (const [name, expand] of Object.entries(schema.shorthands ?? {})) {
    if (!Object.hasOwn(entity, name)) continue
    delete expanded[name]
    for (const [field, value] of Object.entries(expand(entity[name]))) expanded[field] = value
  }
  return expanded
}
