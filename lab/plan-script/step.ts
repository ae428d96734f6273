/** Commands of a shell script and, in one sentence each, why they are there. */
export interface Step {
  readonly why: string
  /** Lines as they stand in the script. */
  readonly commands: readonly string[]
}

export interface Section {
  readonly title: string
  readonly steps: readonly Step[]
}

/** One word of a shell command, quoted where it needs to be. */
export function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

export function words(argv: readonly string[]): string {
  return argv.map(word).join(' ')
}

/** Runs a command in a network namespace. */
export function inside(namespace: string, argv: readonly string[]): string {
  return words(['ip', 'netns', 'exec', namespace, ...argv])
}

/** The command that writes kernel settings. */
export function setting(sysctls: readonly (readonly [string, string])[]): readonly string[] {
  return ['sysctl', '-qw', ...sysctls.map(([key, value]) => `${key}=${value}`)]
}
