import { parseArgs, type ParseArgsConfig } from 'node:util'
import { join } from 'node:path'
import { labHome, parseLabName } from '#lab/run/home.ts'
import { errorCode, messageOf } from '#lab/run/fault.ts'
import { UsageError, type Console } from './command.ts'
import { orUsage } from './wrong-value.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/** Which lab a command is about. */
export interface Target {
  readonly name: string
  readonly folder: string
}

/** Options and at most `positionals` further arguments. A command that is about a lab has `nameOption` among its options. */
export function parseArguments<const options extends Options>(
  args: readonly string[],
  { options, positionals }: { readonly options: options; readonly positionals: number },
): ReturnType<typeof parseArgs<{ options: options; allowPositionals: true }>> {
  const parsed = usage(() => parseArgs({ args: [...args], options, allowPositionals: true }))
  const [surplus] = parsed.positionals.slice(positionals)
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one argument too many.`)
  return parsed
}

export interface CommandArguments {
  readonly name: string | undefined
  readonly node: string | undefined
  readonly command: readonly string[]
}

/** `[--name NAME] [NODE] [COMMAND …]`: what follows the node is the command's own, dashes and all. */
export function parseCommandArguments(args: readonly string[]): CommandArguments {
  const { tokens } = parseArgs({
    args: [...args],
    options: nameOption,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const node = tokens.find((token) => token.kind === 'positional')
  const before = args.slice(0, node?.index ?? args.length)
  const { values } = parseArguments(before, { options: nameOption, positionals: 0 })
  const after = node === undefined ? [] : args.slice(node.index + 1)
  const command = after[0] === '--' ? after.slice(1) : after
  return { name: values.name, node: node?.value, command }
}

/** The lab that `--name` names, else MESHYARD_NAME, else `default`. @throws UsageError for what cannot name one. */
export function findTarget(name: string | undefined, { env }: Console): Target {
  const checked = orUsage(() => parseLabName(name ?? (env['MESHYARD_NAME'] || 'default')))
  return { name: checked, folder: join(labHome(env), checked) }
}

/** `--name LAB`; see `findTarget`. */
export const nameOption = { name: { type: 'string' } } as const

/** What Node says of a wrong option, in one sentence: the option stands first in quotes. */
const tell: Readonly<Record<string, (message: string) => string>> = {
  ERR_PARSE_ARGS_UNKNOWN_OPTION: (message) => `There is no option ${optionIn(message)} here.`,
  ERR_PARSE_ARGS_INVALID_OPTION_VALUE: (message) =>
    message.includes('does not take')
      ? `${optionIn(message)} takes no value.`
      : `${optionIn(message)} takes a value; one that begins with a hyphen is joined on: ${optionIn(message)}=-1.`,
  ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL: (message) => message,
}

/** `--output` of `Option '-o, --output <value>' …`. */
function optionIn(message: string): string {
  const quoted = /'([^']*)'/.exec(message)?.[1] ?? ''
  return /--[^ ]+/.exec(quoted)?.[0] ?? quoted
}

function usage<result>(parse: () => result): result {
  try {
    return parse()
  } catch (error) {
    const told = tell[errorCode(error) ?? '']
    if (told === undefined) throw error
    throw new UsageError(told(messageOf(error)))
  }
}
