import type { Command } from './command.ts'

/** A command as help and completions tell of it. */
export interface CommandEntry {
  readonly name: string
  readonly group: CommandGroup
  /** What follows its name: `[NODE] [-f]`. */
  readonly usage: string
  readonly summary: string
  readonly options: readonly OptionEntry[]
  /** What its arguments are, in order; the last one stands for all that follow. */
  readonly takes: readonly ArgumentKind[]
  /** More than a line each has to say, for its own help. */
  readonly details?: string
  /** It is loaded when it is called. */
  readonly load: () => Promise<Command>
}

export const commandGroups = [
  'Topologies',
  'Labs',
  'Look inside',
  'Break things',
  'Prove it',
  'This program',
] as const
export type CommandGroup = (typeof commandGroups)[number]

export interface OptionEntry {
  /** `-o`. */
  readonly short?: string
  /** `--output`. */
  readonly long: string
  /** What it takes: `FORMAT`; undefined: nothing. */
  readonly value?: string
  /** What may be given for it. */
  readonly choices?: readonly string[]
  readonly text: string
  /** The variable that stands for it where it is not given. */
  readonly variable?: string
}

/** Words are themselves; the others are found out when completions are asked for. */
export type ArgumentKind =
  | 'topology'
  | 'node'
  | 'link'
  | 'file'
  | 'run'
  | 'suite'
  | 'command'
  | 'lab'
  | readonly string[]
