import { parsePairs } from '#core/rest/urlencoded.ts'
import { wireText } from './wire-text.ts'

/**
 * Values of one argument of a query string (with or without its `?`) or a form, decoded. `true` is an argument without
 * `=`. What follows the first 100 arguments is not read.
 */
export function argumentValues(text: string, name: string): readonly (string | true)[] {
  return parsePairs(wireText(withoutMark(text))).flatMap((pair) =>
    pair.name === name ? [pair.value] : [],
  )
}

/** Takes all values of one argument away and leaves the rest as it is written. */
export function withoutArgument(text: string, name: string): string {
  const bare = withoutMark(text)
  const kept = bare.split('&').filter((part) => parsePairs(wireText(part))[0]?.name !== name)
  const joined = kept.join('&')
  return joined === '' || bare === text ? joined : `?${joined}`
}

function withoutMark(text: string): string {
  return text.startsWith('?') ? text.slice(1) : text
}
