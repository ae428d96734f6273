import { isRecord } from '#core/kong/schema/plain-record.ts'

/**
 * Finds the declarative configuration in the fields of a `POST /config` (Kong 1.1): the fields themselves, or what
 * `config` holds, as text or as a table. undefined = there is none.
 */
export function postedConfig(
  fields: Readonly<Record<string, unknown>>,
): string | Readonly<Record<string, unknown>> | undefined {
  if (fields['_format_version'] !== undefined) return fields
  const { config } = fields
  return typeof config === 'string' || isRecord(config) ? config : undefined
}
