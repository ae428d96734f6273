import type { Field, Fields } from './field.ts'

/**
 * Describes a record in the words of Kong 1.1's own schemas, for `/plugins/schema/:name`. Rules that are no plain data
 * are left out.
 */
export function describeRecord(fields: Fields): Readonly<Record<string, unknown>> {
  return { fields: describeFields(fields) }
}

function describeFields(fields: Fields): readonly Readonly<Record<string, unknown>>[] {
  return Object.entries(fields).map(([name, field]) => ({ [name]: describeField(field) }))
}

function describeField(field: Field): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(field).flatMap(([name, value]: [string, unknown]) => {
      const described = describe(name, value)
      return described === undefined ? [] : [described]
    }),
  )
}

function describe(name: string, value: unknown): [string, unknown] | undefined {
  switch (name) {
    case 'fields':
      // oxlint-disable-next-line no-unsafe-type-assertion -- what a record field calls `fields`
      return [name, describeFields(value as Fields)]
    case 'elements':
    case 'keys':
    case 'values':
      // oxlint-disable-next-line no-unsafe-type-assertion -- what a list or map holds is a field
      return [name, describeField(value as Field)]
    case 'type':
    case 'required':
    case 'eq':
    case 'default':
    case 'between':
    case 'gt':
    case 'contains':
    case 'reference':
    case 'timestamp':
    case 'unique':
    case 'uuid':
      return [name, value]
    case 'auto':
      return [name, true]
    default: {
      const words = plainWords[name]
      return words === undefined ? undefined : [words, value]
    }
  }
}

/** Rules whose names are written otherwise, and whose values are plain data. */
const plainWords: Readonly<Record<string, string>> = {
  oneOf: 'one_of',
  lenEq: 'len_eq',
  lenMin: 'len_min',
  lenMax: 'len_max',
  startsWith: 'starts_with',
}
