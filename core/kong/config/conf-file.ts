/**
 * Reads `key = value` lines, the syntax of kong.conf and of `.kong_env`. Keys become lower case; a line that is no
 * assignment is passed over, as Kong 1.1 does. The last of several assignments to a key wins.
 */
export function parseConfFile(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const assignment = /^\s*([A-Za-z][\w.-]*)\s*=(.*)$/s.exec(line)
    if (assignment?.[1] !== undefined && assignment[2] !== undefined) {
      values.set(assignment[1].toLowerCase(), stripComment(assignment[2]))
    }
  }
  return values
}

/** Cuts a trailing comment and trims; `\#` is an octothorpe that begins none. */
export function stripComment(value: string): string {
  return value
    .replace(/(?<!\\)#.*$/s, '')
    .replaceAll('\\#', '#')
    .trim()
}

/** The inverse of `parseConfFile`; a line break in a value, which the syntax cannot hold, becomes a space. */
export function renderConfFile(values: Iterable<readonly [key: string, value: string]>): string {
  return Array.from(
    values,
    ([key, value]) => `${key} = ${value.replace(/[\r\n]+/g, ' ').replaceAll('#', '\\#')}\n`,
  ).join('')
}
