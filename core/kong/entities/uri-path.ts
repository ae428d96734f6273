const plainPath = /^\/[A-Za-z0-9.\-_~/%]*$/

/** A path of unreserved characters and percent escapes. */
export function checkPath(path: string): string | undefined {
  if (!plainPath.test(path)) {
    return `invalid path: '${path}' (characters outside of the reserved list of RFC 3986 found)`
  }
  const [escape] = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(path) ?? []
  return escape === undefined ? undefined : `invalid url-encoded value: '${escape}'`
}

/** Whether the paths of a Route take this one literally; everything else is a regular expression. */
export function isPlainPath(path: string): boolean {
  return plainPath.test(path)
}

/** A plain path or a regular expression that can be compiled. */
export function checkPathPattern(path: string): string | undefined {
  if (isPlainPath(path)) return checkPath(path)
  try {
    RegExp(path)
    return undefined
  } catch (error) {
    return `invalid regex: '${path}' (PCRE returned: pcre_compile() failed: ${pcreFault(error)} in "${path}")`
  }
}

/** V8's faults and PCRE's words for them; Kong's users know the latter. */
const pcreFaults: readonly (readonly [RegExp, string])[] = [
  [/Unterminated group/, 'missing )'],
  [/Unmatched '\)'/, 'unmatched parentheses'],
  [/Nothing to repeat|Lone quantifier/, 'nothing to repeat'],
  [/Unterminated character class/, 'missing terminating ] for character class'],
  [/Range out of order/, 'range out of order in character class'],
  [/numbers out of order/, 'numbers out of order in {} quantifier'],
  [/\\ at end of pattern/, '\\ at end of pattern'],
  [/Invalid group/, 'unrecognized character after (? or (?-'],
]

function pcreFault(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const known = pcreFaults.find(([pattern]) => pattern.test(message))
  return known?.[1] ?? message.replace(/^.*: /, '').toLowerCase()
}
