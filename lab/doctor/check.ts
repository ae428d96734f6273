/** What the doctor found out about one thing. */
export interface Check {
  readonly category: Category
  readonly name: string
  /** `limited`: labs work without, with less or another way. */
  readonly verdict: 'works' | 'limited' | 'fails'
  /** What was found, in a few words: a version, a number. */
  readonly detail?: string
  /** Why it does not work, or what takes its place. */
  readonly why?: string
  readonly remedy?: string
  /** The command that carries the remedy out. */
  readonly fix?: readonly [string, ...string[]]
}

export const categories = ['machine', 'namespaces', 'tools', 'containers', 'leftovers'] as const
export type Category = (typeof categories)[number]

/** Whether all that labs need works. */
export function isHealthy(checks: readonly Check[]): boolean {
  return checks.every(({ verdict }) => verdict !== 'fails')
}
