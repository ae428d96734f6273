import type { FilteredRequest } from '#core/model/http-filter.ts'

/**
 * The text that a client signs, one character for each byte: a line for each header in the order it names them. `withQuery` says whether the request
 * line is signed as it is or, as clients of old do, without its query. Kong 1.1, "HMAC Authentication", "Signature String".
 */
export function signedText(
  { line, target, path, headers }: Pick<FilteredRequest, 'line' | 'target' | 'path' | 'headers'>,
  names: readonly string[],
  { withQuery }: { readonly withQuery: boolean },
): string {
  return names
    .map((name) => {
      const value = headers.get(name)
      if (value !== undefined) return `${name}: ${value}`
      if (name !== 'request-line') return `${name}:`
      const method = line.slice(0, line.indexOf(' '))
      const version = line.slice(line.lastIndexOf(' ') + 1)
      return `${method} ${withQuery ? target : path} ${version}`
    })
    .join('\n')
}
