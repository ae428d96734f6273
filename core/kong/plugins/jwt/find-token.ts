import { argumentValues } from '#core/kong/plugins/query-arguments.ts'
import type { FilteredRequest } from '#core/model/http-filter.ts'

/**
 * The values of the first place that has a token: query arguments, cookies, the Authorization header. A name in the
 * query string without a value gives `true`.
 */
export function findToken(
  { query, headers }: Pick<FilteredRequest, 'query' | 'headers'>,
  {
    argumentNames,
    cookieNames,
  }: {
    readonly argumentNames: readonly string[]
    readonly cookieNames: readonly string[]
  },
): readonly (string | true)[] {
  for (const name of argumentNames) {
    const values = argumentValues(query, name)
    if (values.length > 0) return values
  }
  for (const name of cookieNames) {
    const value = cookieValue(headers.getAll('Cookie'), name)
    if (value !== undefined && value !== '') return [value]
  }
  const [, token] = /^[Bb]earer\s+(\S.*)$/.exec(headers.get('Authorization')?.trim() ?? '') ?? []
  return token === undefined ? [] : [token]
}

/** Cookie names are compared without regard to case, as nginx does. */
function cookieValue(fields: readonly string[], name: string): string | undefined {
  for (const part of fields.flatMap((field) => field.split(';'))) {
    const equals = part.indexOf('=')
    if (equals === -1) continue
    if (part.slice(0, equals).trim().toLowerCase() === name.toLowerCase()) {
      return part.slice(equals + 1).trim()
    }
  }
  return undefined
}
