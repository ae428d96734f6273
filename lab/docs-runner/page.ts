/** A Markdown page as what a reader does with it, top to bottom. */
export type Step = CommandStep | LookStep

/** Commands typed into a console. */
export interface CommandStep {
  readonly kind: 'command'
  /** Line of the page, counted from 1. */
  readonly line: number
  /** Without prompts. */
  readonly script: string
  /** The console in which it goes on running while the reader turns to another; undefined: it runs to its end. */
  readonly console: string | undefined
  /** The shell it is typed into, with what was typed there before; undefined: one of its own. */
  readonly session?: string
  readonly output: ExpectedOutput | undefined
}

/** A look at a console that was left running. */
export interface LookStep {
  readonly kind: 'look'
  readonly line: number
  readonly console: string
  readonly output: ExpectedOutput
}

export interface ExpectedOutput {
  readonly line: number
  readonly text: string
}

/** The faults of a page, all at once, each with its line. */
export class PageError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`The page cannot be run:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.name = 'PageError'
    this.faults = faults
  }
}
