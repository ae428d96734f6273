import type { Output } from './output.ts'

/** The surroundings of a command, so that it reads none of them by itself. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly output: Output
}

export interface CommandArguments {
  /** Options by their long name. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>
  readonly positionals: readonly string[]
}

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly help: string
}

/** One command of the kong command line. */
export interface Command {
  /** What follows `kong` on the usage line. */
  readonly usage: string
  readonly summary: string
  readonly options: Readonly<Record<string, Option>>
  /** How many positional arguments are taken. */
  readonly positionals?: number
  /** Resolves to the exit code; what it throws becomes `Error: …` and exit code 1. */
  run(args: CommandArguments, context: CommandContext): Promise<number>
}

export const prefixOption: Option = {
  type: 'string',
  short: 'p',
  help: 'override the prefix directory',
}

export const confOption: Option = { type: 'string', short: 'c', help: 'configuration file' }

/** The text of a `string` option. */
export function textOption(args: CommandArguments, name: string): string | undefined {
  const value = args.options[name]
  return typeof value === 'string' ? value : undefined
}
