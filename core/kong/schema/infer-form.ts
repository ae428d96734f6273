import type { Field, Fields, Schema } from './field.ts'
import { isRecord, plainRecord, type PlainRecord } from './plain-record.ts'
import { variantOf } from './schema-variant.ts'

/**
 * Gives the texts of a form the types that the schema asks for: an empty text becomes null, a lone value for a list
 * becomes a list of one. A text that does not fit stays a text, for `validate` to refuse. Kong 1.1, section "Form /
 * multipart decoding".
 */
export function inferForm(
  schema: Pick<Schema, 'fields' | 'variantOf'>,
  form: Readonly<Record<string, unknown>>,
): PlainRecord {
  return inferFields(variantOf(schema, form).fields, form)
}

function inferFields(fields: Fields, form: Readonly<Record<string, unknown>>): PlainRecord {
  return plainRecord(
    Object.entries(form).map(([name, value]) => [
      name,
      Object.hasOwn(fields, name) ? inferValue(fields[name], value) : value,
    ]),
  )
}

function inferValue(field: Field | undefined, value: unknown): unknown {
  if (field === undefined) return value
  if (value === '') return null
  switch (field.type) {
    case 'number':
    case 'integer':
      return typeof value === 'string' ? (parseNumber(value) ?? value) : value
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value
    case 'array':
    case 'set':
      return inferElements(field.elements, value)
    case 'map':
      return isRecord(value)
        ? plainRecord(
            Object.entries(value).map(([key, each]) => [key, inferValue(field.values, each)]),
          )
        : value
    case 'record':
      return isRecord(value) ? inferFields(field.fields, value) : value
    case 'foreign':
    case 'string':
    default:
      return value
  }
}

function inferElements(elements: Field, value: unknown): unknown {
  if (isRecord(value)) return value
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.map((each) => inferValue(elements, each))
}

const decimal = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i
const hexadecimal = /^\s*0x[0-9a-f]+\s*$/i

function parseNumber(text: string): number | undefined {
  return decimal.test(text) || hexadecimal.test(text) ? Number(text) : undefined
}
