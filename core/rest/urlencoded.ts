/** One argument of a form or query string. A name without `=` has the value true. */
export interface Pair {
  readonly name: string
  readonly value: string | true
}

const mostPairs = 100

/** Reads `application/x-www-form-urlencoded`; what follows the first 100 arguments is not read. Never fails. */
export function parsePairs(text: string): readonly Pair[] {
  const pairs: Pair[] = []
  let start = 0
  while (start <= text.length && pairs.length < mostPairs) {
    const ampersand = text.indexOf('&', start)
    const end = ampersand === -1 ? text.length : ampersand
    const part = text.slice(start, end)
    const equals = part.indexOf('=')
    const name = decode(equals === -1 ? part : part.slice(0, equals))
    if (name !== '') {
      pairs.push({ name, value: equals === -1 ? true : decode(part.slice(equals + 1)) })
    }
    start = end + 1
  }
  return pairs
}

/** A `%` that starts no escape stands for itself; bytes that are not UTF-8 become U+FFFD. */
function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  if (!spaced.includes('%')) return spaced
  return spaced.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  )
}
