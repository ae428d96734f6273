import { checkEntity } from './entity-checks.ts'
import { type Fault, FaultList, type Faults } from './faults.ts'
import type { Field, FieldRules, ListField, MapField } from './field.ts'
import { isRecord, plainRecord } from './plain-record.ts'
import { breaksNullRule, breaksRule, isUuid, longestList } from './rules.ts'
import { type VariedSchema, variantOf } from './schema-variant.ts'

/**
 * Finds everything that is wrong with a complete entity (after `fillDefaults`), in the words of Kong 1.1. `updating`
 * changes the sentences that speak of missing fields.
 */
export function validate(
  schema: VariedSchema,
  entity: Readonly<Record<string, unknown>>,
  { updating = false }: { readonly updating?: boolean } = {},
): Faults | undefined {
  const { fields, checks = [], faults: unjudged } = variantOf(schema, entity)
  if (unjudged !== undefined) return unjudged
  const faults = new FaultList()
  for (const [name, field] of Object.entries(fields)) {
    const fault = validateField(field, entity[name])
    if (fault !== undefined) faults.field(name, fault)
  }
  const unknown = Object.keys(entity).filter((name) => !Object.hasOwn(fields, name))
  for (const name of unknown.slice(0, mostFaults)) faults.fieldNamed(name, 'unknown field')
  for (const check of checks) {
    checkEntity(check, { fields, entity, faults, updating, satisfies })
  }
  return faults.found()
}

/** A record or list that is wrong all over is not told of every place: the answer would be larger than the question. */
const mostFaults = 100

/** Finds what is wrong with one value; null and undefined stand for no value. */
export function validateField(field: Field, value: unknown): Fault | undefined {
  return satisfies(field, {}, value)
}

/** Finds what would be wrong with a value if its field had these rules too. */
function satisfies(field: Field, rules: FieldRules, value: unknown): Fault | undefined {
  if (value === null || value === undefined) return breaksNullRule({ ...field, ...rules })
  return (
    breaksType(field, rules, value) ??
    breaksRule(value, { ...field, ...rules }) ??
    failsCheck(field, value)
  )
}

function breaksType(field: Field, rules: FieldRules, value: unknown): Fault | undefined {
  switch (field.type) {
    case 'string':
      return typeof value === 'string' ? undefined : 'expected a string'
    case 'number':
      return Number.isFinite(value) ? undefined : 'expected a number'
    case 'integer':
      return Number.isInteger(value) ? undefined : 'expected an integer'
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'expected a boolean'
    case 'array':
      return Array.isArray(value) ? elementFaults(field, rules, value) : 'expected an array'
    case 'set':
      return Array.isArray(value) ? elementFaults(field, rules, value) : 'expected a set'
    case 'map':
      return isRecord(value) ? entryFaults(field, value) : 'expected a map'
    case 'record':
      return isRecord(value) ? validate(field, value) : 'expected a record'
    case 'foreign':
    default:
      return foreignKeyFault(value)
  }
}

function elementFaults(
  field: ListField,
  rules: FieldRules,
  values: readonly unknown[],
): Fault | undefined {
  const { lenMax = longestList } = field
  if (values.length > lenMax) return `length must be at most ${lenMax}`
  const required = { ...rules.elements, required: true }
  const faults: (Fault | null)[] = []
  let found = 0
  for (const [index, value] of values.entries()) {
    const fault = satisfies(field.elements, required, value)
    if (fault === undefined) continue
    while (faults.length < index) faults.push(null)
    faults.push(fault)
    if ((found += 1) === mostFaults) break
  }
  return found === 0 ? undefined : faults
}

function entryFaults(
  { keys, values }: MapField,
  map: Readonly<Record<string, unknown>>,
): Fault | undefined {
  const faults = plainRecord<Fault>()
  for (const [key, value] of Object.entries(map)) {
    const fault =
      satisfies(keys, { required: true }, key) ?? satisfies(values, { required: true }, value)
    if (fault !== undefined) faults[key] = fault
  }
  return Object.keys(faults).length === 0 ? undefined : faults
}

function foreignKeyFault(value: unknown): Fault | undefined {
  const id = isRecord(value) ? value['id'] : undefined
  if (id === undefined) return { id: 'missing primary key' }
  if (id === null) return { id: 'required field missing' }
  if (typeof id !== 'string') return { id: 'expected a string' }
  return isUuid(id) ? undefined : { id: 'expected a valid UUID' }
}

/** Applies the field's own check to a value that has its type. */
function failsCheck(field: Field, value: unknown): string | undefined {
  switch (field.type) {
    case 'string':
      return typeof value === 'string' ? field.check?.(value) : undefined
    case 'number':
    case 'integer':
      return typeof value === 'number' ? field.check?.(value) : undefined
    case 'array':
    case 'set':
      return Array.isArray(value) ? field.check?.(value) : undefined
    case 'map':
      return isRecord(value) ? field.check?.(value) : undefined
    case 'boolean':
    case 'record':
    case 'foreign':
    default:
      return undefined
  }
}
