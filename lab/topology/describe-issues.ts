import type { z } from 'zod'
import { suggest } from './suggest.ts'

/** What is wrong, and where. */
export interface Fault {
  readonly path: readonly PropertyKey[]
  readonly message: string
  /** It is about the field of this name in what is at the path. */
  readonly key?: string
}

type Issue = z.core.$ZodIssue

/** Each fault that the schema found, in words of the file. `known` are all fields there are. */
export function describeIssues(
  issues: readonly Issue[],
  value: unknown,
  known: readonly string[],
): readonly Fault[] {
  return issues.flatMap((issue) => describeIssue(issue, value, known))
}

function describeIssue(issue: Issue, value: unknown, known: readonly string[]): readonly Fault[] {
  const { path } = issue
  const found = valueAt(value, path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path,
        key,
        message: `there is no field "${key}"${suggest(key, known)}`,
      }))
    case 'invalid_value':
      return [{ path, message: noneOf(found, issue.values.map(String)) }]
    case 'invalid_type': {
      const isOwn = !issue.message.startsWith('Invalid input')
      const words = isOwn ? issue.message : `write ${kinds[issue.expected] ?? issue.expected}`
      return [{ path, message: found === undefined ? 'is missing' : words }]
    }
    case 'invalid_union': {
      if (issue.discriminator !== undefined) {
        const options = 'options' in issue && Array.isArray(issue.options) ? issue.options : []
        return [{ path, message: noneOf(found, options.map(String)) }]
      }
      // Of the alternatives, the one whose faults are deepest is the one that was meant.
      const nested = issue.errors.toSorted((one, other) => depth(other) - depth(one))[0] ?? []
      if (issue.message !== 'Invalid input' || depth(nested) === 0) {
        return [{ path, message: issue.message }]
      }
      const inside = nested.map((each) => ({ ...each, path: [...path, ...each.path] }))
      return describeIssues(inside, value, known)
    }
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'not_multiple_of':
    case 'too_big':
    case 'too_small':
    default:
      return [{ path, message: issue.message }]
  }
}

function noneOf(found: unknown, values: readonly string[]): string {
  if (found === undefined) return `is missing: write ${values.join(', ')}`
  const wrong = typeof found === 'string' ? found : JSON.stringify(found)
  return `"${wrong}" is none of ${values.join(', ')}${suggest(wrong, values)}`
}

function depth(issues: readonly Issue[]): number {
  return Math.max(
    0,
    ...issues.map(({ path, code }) => path.length + (code === 'unrecognized_keys' ? 1 : 0)),
  )
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (found, step) =>
      typeof found === 'object' && found !== null ? Reflect.get(found, step) : undefined,
    value,
  )
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'fields with values',
  record: 'names with values',
}
