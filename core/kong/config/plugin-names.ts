import { resolve } from 'node:path'

/**
 * Reads the entries of `plugins`: names stay, paths (with a slash in them, or the ending of a script) become absolute,
 * `off` as the first one means none at all.
 */
export function resolvePlugins(entries: readonly string[], cwd: string): readonly string[] {
  if (entries[0] === 'off') return []
  const resolved = entries
    .filter((entry) => entry !== '')
    .map((entry) => (isPath(entry) ? resolve(cwd, entry) : entry))
  return [...new Set(resolved)]
}

export function pluginFaults(
  plugins: readonly string[],
  fileExists: (path: string) => boolean,
): string[] {
  return plugins
    .filter((entry) => isPath(entry) && !fileExists(entry))
    .map((entry) => `plugins: no such file at ${entry}`)
}

function isPath(entry: string): boolean {
  return /\/|\.[cm]?[jt]s$/.test(entry)
}
