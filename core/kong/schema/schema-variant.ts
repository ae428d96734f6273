import type { Schema, SchemaVariant } from './field.ts'

/** A description that may depend on the entity. */
export type VariedSchema = SchemaVariant & Pick<Schema, 'variantOf'>

/** The fields and rules that hold for this entity. */
export function variantOf(
  schema: VariedSchema,
  entity: Readonly<Record<string, unknown>>,
): SchemaVariant {
  return schema.variantOf?.(entity) ?? schema
}
