import type { Fault, FaultList } from './faults.ts'
import type { EntityCheck, Field, FieldRules, Fields } from './field.ts'
import { plainRecord, valueAt } from './plain-record.ts'

interface Subject {
  readonly fields: Fields
  readonly entity: Readonly<Record<string, unknown>>
  /** What is known to be wrong already; gets what this check finds. */
  readonly faults: FaultList
  readonly updating: boolean
  /** Finds what would be wrong with a value if its field had these rules too. */
  readonly satisfies: (field: Field, rules: FieldRules, value: unknown) => Fault | undefined
}

/** Applies one rule over several fields. */
export function checkEntity(check: EntityCheck, subject: Subject): void {
  const { entity, faults, updating } = subject
  const when = updating ? 'when updating, ' : ''
  switch (check.kind) {
    case 'at-least-one-of':
      if (filled(check.fields, entity).length === 0) {
        faults.whole(
          `${when}at least one of these fields must be non-empty: ${quoted(check.fields)}`,
        )
      }
      return
    case 'only-one-of':
      if (filled(check.fields, entity).length !== 1) {
        faults.whole(`only one of these fields must be non-empty: ${quoted(check.fields)}`)
      }
      return
    case 'distinct': {
      const values = filled(check.fields, entity)
      if (new Set(values).size !== values.length) {
        faults.whole(`values of these fields must be distinct: ${quoted(check.fields)}`)
      }
      return
    }
    case 'conditional-at-least-one-of':
      if (
        holds(check.ifField, check.ifMatch, subject) &&
        filled(check.oneOf, entity).length === 0
      ) {
        faults.whole(
          check.fault ??
            `${when}at least one of these fields must be non-empty: ${quoted(check.oneOf)}`,
        )
      }
      return
    case 'conditional':
      checkConditional(check, subject)
      return
    case 'custom': {
      if (check.fields.some((field) => faults.blames(field))) return
      const fault = check.check(
        plainRecord(check.fields.map((field) => [field, valueAt(entity, field)])),
      )
      if (fault === undefined) return
      if (check.blame === undefined) faults.whole(fault)
      else faults.field(check.blame, fault)
      return
    }
  }
}

function checkConditional(
  check: Extract<EntityCheck, { readonly kind: 'conditional' }>,
  subject: Subject,
): void {
  const { fields, entity, faults } = subject
  if (!holds(check.ifField, check.ifMatch, subject)) return
  const field = fieldAt(fields, check.thenField)
  if (field === undefined) return
  const fault = subject.satisfies(field, check.thenMatch, valueAt(entity, check.thenField))
  if (fault === undefined) return
  faults.field(check.thenField, fault)
  faults.whole(
    check.fault ?? `failed conditional validation given value of field '${check.ifField}'`,
  )
}

function holds(path: string, rules: FieldRules, { fields, entity, satisfies }: Subject): boolean {
  const field = fieldAt(fields, path)
  const value = valueAt(entity, path)
  return field !== undefined && value !== undefined && satisfies(field, rules, value) === undefined
}

function fieldAt(fields: Fields, path: string): Field | undefined {
  const [name = '', ...rest] = path.split('.')
  const field = fields[name]
  if (rest.length === 0 || field?.type !== 'record') return rest.length === 0 ? field : undefined
  return fieldAt(field.fields, rest.join('.'))
}

/** The values of those fields that are not empty. */
function filled(paths: readonly string[], entity: Readonly<Record<string, unknown>>): unknown[] {
  return paths.map((path) => valueAt(entity, path)).filter((value) => !isEmpty(value))
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ')
}
