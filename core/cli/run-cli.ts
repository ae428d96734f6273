import { parseArgs } from 'node:util'
import { messageOf } from '#core/base/errors.ts'
import type { Command, CommandArguments, CommandContext, Option } from './command.ts'
import { createOutput, printError, type Verbosity } from './output.ts'
import { workingFolder } from './working-folder.ts'

/** Loaded when asked for: the other commands cost a start nothing. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  check: async () => (await import('./commands/check.ts')).check,
  config: async () => (await import('./commands/config.ts')).config,
  health: async () => (await import('./commands/health.ts')).health,
  mesh: async () => (await import('./commands/mesh.ts')).mesh,
  migrations: async () => (await import('./commands/migrations.ts')).migrations,
  prepare: async () => (await import('./commands/prepare.ts')).prepare,
  quit: async () => (await import('./commands/quit.ts')).quit,
  reload: async () => (await import('./commands/reload.ts')).reload,
  restart: async () => (await import('./commands/restart.ts')).restart,
  roar: async () => (await import('./commands/roar.ts')).roar,
  start: async () => (await import('./commands/start.ts')).start,
  stop: async () => (await import('./commands/stop.ts')).stop,
  version: async () => (await import('./commands/version.ts')).version,
}

const globalOptions: Readonly<Record<string, Option>> = {
  v: { type: 'boolean', help: 'verbose' },
  vv: { type: 'boolean', help: 'debug' },
  help: { type: 'boolean', short: 'h', help: 'show this text' },
}

const usage = `Usage: kong COMMAND [OPTIONS]

The available commands are:
${Object.keys(commands)
  .map((name) => ` ${name}`)
  .join('\n')}

Options:
${renderOptions(globalOptions)}`

/** Runs the kong command line and resolves to its exit code. */
export async function runCli(argv: readonly string[], env: CommandContext['env']): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined) {
    printError(usage)
    return 1
  }
  if (isHelp(name)) {
    printError(usage)
    return 1
  }
  if (!Object.hasOwn(commands, name) || !commands[name]) {
    printError(`No such command: ${name}\n\n${usage}`)
    return 1
  }
  const command = await commands[name]()
  // Kong 1.1 takes the wish for help for a wrong usage, in this and in what it returns.
  if (rest.some(isHelp)) {
    printError(renderUsage(command))
    return 1
  }
  let verbosity: Verbosity = 'quiet'
  try {
    const args = parseArguments(command, rest)
    const fault = subcommandFault(name, command, args)
    if (fault !== undefined) {
      printError(`${fault}${renderUsage(command)}`)
      return 1
    }
    verbosity = verbosityOf(args)
    const context = { env, cwd: workingFolder(), output: createOutput(verbosity) }
    return await command.run(args, context)
  } catch (error) {
    printError(
      error instanceof UsageError
        ? `kong: ${error.message}\n\n${renderUsage(command)}`
        : `Error: ${messageOf(error)}\n\n${detailsOf(error, verbosity)}`,
    )
    return 1
  }
}

/** Options that the command does not have, or that lack their value. */
class UsageError extends Error {}

function isHelp(word: string): boolean {
  return word === '-h' || word === '--help'
}

function detailsOf(error: unknown, verbosity: Verbosity): string {
  const stack = error instanceof Error ? error.stack : undefined
  return verbosity === 'debug' && stack !== undefined
    ? stack
    : '  Run with --v (verbose) or --vv (debug) for more details'
}

/** What stands above the usage when the subcommand is missing or unknown; undefined = nothing is wrong. */
function subcommandFault(
  name: string,
  { subcommands }: Command,
  { subcommand }: CommandArguments,
): string | undefined {
  if (subcommands === undefined) return undefined
  if (subcommand === undefined) return ''
  return Object.hasOwn(subcommands, subcommand)
    ? undefined
    : `No such command for ${name}: ${subcommand}\n\n`
}

function parseArguments(command: Command, argv: readonly string[]): CommandArguments {
  const known = { ...command.options, ...globalOptions }
  const { values, positionals: words } = parseKnown(argv, known)
  const [subcommand] = command.subcommands === undefined ? [] : words
  const positionals = command.subcommands === undefined ? words : words.slice(1)
  const surplus = positionals[command.positionals ?? 0]
  if (surplus !== undefined) {
    throw new TypeError(`unexpected argument '${surplus}': the usage is kong ${command.usage}`)
  }
  return { options: values, subcommand, positionals }
}

function parseKnown(
  argv: readonly string[],
  known: Readonly<Record<string, Option>>,
): { values: CommandArguments['options']; positionals: string[] } {
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { type, short }]) => [
      name,
      { type, ...(short && { short }) },
    ]),
  )
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(explainOption(messageOf(error)), { cause: error })
  }
}

/** Node's fault in Kong 1.1's words. */
function explainOption(fault: string): string {
  const unknown = /^Unknown option '-*([^']*)'/.exec(fault)?.[1]
  if (unknown !== undefined) return `unrecognized parameter: ${unknown}`
  const bare = /^Option '(?:-\w, )?--([\w-]+) <value>' argument/.exec(fault)?.[1]
  // Node's advice goes beyond the first sentence.
  return bare === undefined ? (fault.split(/\. |\n/)[0] ?? '') : `${bare} was expecting a value`
}

function verbosityOf({ options }: CommandArguments): Verbosity {
  if (options['vv'] === true) return 'debug'
  return options['v'] === true ? 'verbose' : 'quiet'
}

function renderUsage(command: Command): string {
  const options = renderOptions({ ...command.options, ...globalOptions })
  const subcommands = Object.entries(command.subcommands ?? {})
    .map(([name, summary]) => ` ${name.padEnd(20)} ${summary}\n`)
    .join('')
  const available =
    subcommands === '' ? '' : `\n\nThe available commands are:\n${subcommands}`.trimEnd()
  return `Usage: kong ${command.usage}\n\n${command.summary}${available}\n\nOptions:\n${options}`
}

function renderOptions(options: Readonly<Record<string, Option>>): string {
  return Object.entries(options)
    .map(
      ([name, { short, help }]) => ` ${`${short ? `-${short},` : ''}--${name}`.padEnd(20)} ${help}`,
    )
    .join('\n')
}
