import type { FieldBase, FieldRules, PatternRule } from './field.ts'

/** Every rule a field can have besides its type, whatever the type. */
export interface Rules extends FieldRules {
  readonly timestamp?: boolean
  readonly uuid?: boolean
  readonly lenMax?: number
  readonly startsWith?: string
  readonly notMatch?: RegExp
  readonly matchNone?: readonly PatternRule[]
  readonly matchAll?: readonly PatternRule[]
  readonly matchAny?: { readonly patterns: readonly RegExp[]; readonly fault: string }
  readonly contains?: string | number
}

/** Default of a list's `lenMax`: one that grows beyond all reason would slow down everybody who has to look at it. */
export const longestList = 10_000

/** Applies the rules to a value that is not null and of the right type; the first broken one counts. */
export function breaksRule(value: unknown, rules: Rules): string | undefined {
  return (
    breaksValueRule(value, rules) ??
    breaksLengthRule(value, rules) ??
    (typeof value === 'string' ? breaksTextRule(value, rules) : undefined) ??
    breaksContentRule(value, rules)
  )
}

function breaksValueRule(value: unknown, rules: Rules): string | undefined {
  if (rules.eq !== undefined && value !== rules.eq) return `value must be ${String(rules.eq)}`
  if (rules.oneOf !== undefined && !rules.oneOf.some((option) => option === value)) {
    return `expected one of: ${rules.oneOf.join(', ')}`
  }
  if (typeof value === 'number') {
    if (rules.gt !== undefined && !(value > rules.gt)) {
      return `value must be greater than ${rules.gt}`
    }
    if (rules.timestamp === true && !(value > 0)) return 'expected a valid timestamp'
    if (rules.between !== undefined) {
      const [least, most] = rules.between
      if (value < least || value > most) return `value should be between ${least} and ${most}`
    }
  }
  return undefined
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether the text has the shape of a UUID, in either case. */
export function isUuid(text: string): boolean {
  return uuid.test(text)
}

function breaksLengthRule(value: unknown, rules: Rules): string | undefined {
  const length = lengthOf(value)
  if (length === undefined) return undefined
  if (rules.uuid === true && !isUuid(String(value))) return 'expected a valid UUID'
  if (rules.lenEq !== undefined && length !== rules.lenEq) return `length must be ${rules.lenEq}`
  const least = rules.lenMin ?? (typeof value === 'string' ? 1 : 0)
  if (length < least) return `length must be at least ${least}`
  if (rules.lenMax !== undefined && length > rules.lenMax) {
    return `length must be at most ${rules.lenMax}`
  }
  return undefined
}

/** Text is measured in bytes. */
function lengthOf(value: unknown): number | undefined {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (Array.isArray(value)) return value.length
  return typeof value === 'object' && value !== null ? Object.keys(value).length : undefined
}

function breaksTextRule(value: string, rules: Rules): string | undefined {
  if (rules.startsWith !== undefined && !value.startsWith(rules.startsWith)) {
    return `should start with: ${rules.startsWith}`
  }
  if (rules.notMatch?.test(value) === true) return `invalid value: ${value}`
  const unwanted = rules.matchNone?.find((rule) => rule.pattern.test(value))
  if (unwanted !== undefined) return unwanted.fault
  if (rules.match?.test(value) === false) return `invalid value: ${value}`
  const unmet = rules.matchAll?.find((rule) => !rule.pattern.test(value))
  if (unmet !== undefined) return unmet.fault
  if (rules.matchAny?.patterns.some((pattern) => pattern.test(value)) === false) {
    return rules.matchAny.fault
  }
  return undefined
}

function breaksContentRule(value: unknown, rules: Rules): string | undefined {
  const missing =
    rules.contains !== undefined && Array.isArray(value) && !value.includes(rules.contains)
  return missing ? `expected to contain: ${rules.contains}` : undefined
}

/** What is wrong with a null. */
export function breaksNullRule(field: FieldBase): string | undefined {
  if (field.eq !== undefined && field.eq !== null) return `value must be ${String(field.eq)}`
  return field.required === true ? 'required field missing' : undefined
}
