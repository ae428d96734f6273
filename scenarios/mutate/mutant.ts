/** One deliberate fault: a text of one file is replaced by another. */
export interface Mutant {
  /** Unique; in words joined by hyphens. */
  readonly id: string
  /** In one sentence, what is broken by it. */
  readonly breaks: string
  /** Of the project, relative to its root. */
  readonly file: string
  /** Occurs in the file exactly once. */
  readonly text: string
  readonly replacement: string
  /** Who is meant to notice, asked one after the other; the quickest first. */
  readonly watchers: readonly Watcher[]
  /** Why nobody can notice: the changed program does the same. It survives all the same. */
  readonly explained?: string
}

/** Scenarios of a file: those whose full title holds a text, or all of them. */
export interface Watcher {
  /** Without `scenarios/` before and `.scenario.ts` behind it. */
  readonly file: string
  readonly title: string | undefined
}

export function seenBy(file: string, title?: string): Watcher {
  return { file, title }
}
