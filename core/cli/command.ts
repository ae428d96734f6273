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
  /** The subcommand, where the command has some. */
  readonly subcommand: string | undefined
  /** Without the subcommand. */
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
  /** The words that may follow the command, one of which must, and what each does. */
  readonly subcommands?: Readonly<Record<string, string>>
  /** How many positional arguments are taken, the subcommand not counted. */
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

export const nginxConfOption: Option = {
  type: 'string',
  help: 'accepted with a warning: there is no nginx underneath',
}

/** For commands that reach for the database. */
export const databaseOptions: Readonly<Record<'db-timeout' | 'lock-timeout', Option>> = {
  'db-timeout': {
    type: 'string',
    help: 'seconds that a database operation may take (default 60)',
  },
  'lock-timeout': {
    type: 'string',
    help: 'seconds to wait for another process that migrates (default 60)',
  },
}

/** The text of a `string` option. */
export function textOption(args: CommandArguments, name: string): string | undefined {
  const value = args.options[name]
  return typeof value === 'string' ? value : undefined
}

/** Reads a number of seconds, as ms. @throws RangeError when it is none, or below `least`. */
export function secondsOption(
  args: CommandArguments,
  name: string,
  { byDefault, least }: { readonly byDefault: number; readonly least: number },
): number {
  const text = textOption(args, name)
  if (text === undefined) return byDefault * 1000
  const seconds = Number(text)
  // A timer holds no more.
  const most = Math.floor((2 ** 31 - 1) / 1000)
  if (text.trim() === '' || !(seconds >= least && seconds <= most)) {
    throw new RangeError(
      `--${name} must be a number of seconds of at least ${least} and at most ${most}, got '${text}'`,
    )
  }
  return seconds * 1000
}
