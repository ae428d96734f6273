import { createInterface } from 'node:readline/promises'
import { isatty } from 'node:tty'
import { MeshError } from '#core/base/errors.ts'
import {
  confOption,
  databaseOptions,
  prefixOption,
  textOption,
  type Command,
  type CommandArguments,
} from '#core/cli/command.ts'
import { loadCommandConfig } from '#core/cli/configuration.ts'
import { migrationOptions, needsBootstrap } from '#core/cli/database-layout.ts'
import { printText, type Output } from '#core/cli/output.ts'
import { openKongMigrations, type KongMigrations } from '#core/kong/kong-migrations.ts'

/** Exit codes of `list`, for scripts. */
const listExitCodes = { current: 0, 'needs-bootstrap': 3, pending: 4, new: 5 } as const

export const migrations: Command = {
  usage: 'migrations COMMAND [OPTIONS]',
  summary: 'Bring the layout of the database up to this version.',
  subcommands: {
    bootstrap: 'make the layout in an empty database',
    up: 'execute new migrations that older nodes can live with',
    finish: 'execute what is left when no older node runs any more',
    list: 'show what is executed, pending and new; exit code 3, 4 or 5 when something is to be done',
    reset: 'remove the layout and everything in it',
  },
  options: {
    conf: confOption,
    prefix: prefixOption,
    yes: { type: 'boolean', short: 'y', help: 'assume yes to all questions' },
    quiet: { type: 'boolean', short: 'q', help: 'print nothing but faults' },
    force: { type: 'boolean', short: 'f', help: 'go on although migrations are pending' },
    ...databaseOptions,
  },
  run: async (args, context) => {
    const config = loadCommandConfig(context, {
      conf: textOption(args, 'conf'),
      prefix: textOption(args, 'prefix'),
    })
    const options = migrationOptions(args)
    const output = args.options['quiet'] === true ? silenced(context.output) : context.output
    await using opened = await openKongMigrations(config, options)
    switch (args.subcommand) {
      case 'bootstrap':
        return await bootstrap(opened, output)
      case 'up':
        return await up(opened, output, args.options['force'] === true)
      case 'finish':
        return await finish(opened, output)
      case 'list':
        return await list(opened, output)
      case undefined:
      default:
        return await reset(opened, output, args)
    }
  },
}

async function bootstrap(opened: KongMigrations, output: Output): Promise<number> {
  if ((await opened.state()) !== 'needs-bootstrap') {
    output.line('database already bootstrapped')
    return 0
  }
  output.line('bootstrapping database...')
  tellEach(output, 'executed', await opened.bootstrap())
  output.line('database is up-to-date')
  return 0
}

async function up(opened: KongMigrations, output: Output, force: boolean): Promise<number> {
  const state = await opened.state()
  if (state === 'needs-bootstrap') throw cannotRun()
  if (state === 'pending' && !force) {
    throw new MeshError(
      'store-pending',
      "database has pending migrations; run 'kong migrations finish'",
    )
  }
  const executed = await opened.up()
  tellEach(output, 'executed', executed)
  if (executed.length === 0) {
    output.line('database is already up-to-date')
  } else if ((await opened.state()) === 'pending') {
    output.line("database has pending migrations; run 'kong migrations finish' when ready")
  } else {
    output.line('database is up-to-date')
  }
  return 0
}

async function finish(opened: KongMigrations, output: Output): Promise<number> {
  const state = await opened.state()
  if (state === 'needs-bootstrap') throw cannotRun()
  const { pending } = await opened.list()
  if (pending.length === 0) output.line('no pending migrations to finish')
  else tellEach(output, 'finished', await opened.finish())
  if (state === 'new') output.line("new migrations available; run 'kong migrations up' to proceed")
  else if (pending.length > 0) output.line('database is up-to-date')
  return 0
}

async function list(opened: KongMigrations, output: Output): Promise<number> {
  const state = await opened.state()
  if (state === 'needs-bootstrap') {
    output.line(needsBootstrap)
    return listExitCodes[state]
  }
  const { executed, pending, new: fresh } = await opened.list()
  for (const [title, names] of [
    ['executed migrations', executed],
    ['pending migrations', pending],
    ['new migrations', fresh],
  ] as const) {
    if (names.length > 0) output.line(`${title}:\n${names.map((name) => `  ${name}`).join('\n')}`)
  }
  if (state === 'pending') {
    output.line("database has pending migrations; run 'kong migrations finish' when ready")
  }
  if (state === 'new') output.line("new migrations available; run 'kong migrations up' to proceed")
  return listExitCodes[state]
}

async function reset(
  opened: KongMigrations,
  output: Output,
  args: CommandArguments,
): Promise<number> {
  if (args.options['yes'] !== true) {
    if (!isatty(0)) {
      throw new MeshError(
        'not-a-terminal',
        "not a tty: invoke 'reset' non-interactively with the --yes flag",
      )
    }
    if (!(await confirmed())) {
      output.line('cancelled')
      return 0
    }
  }
  if ((await opened.state()) === 'needs-bootstrap') {
    output.line('database not bootstrapped, nothing to reset')
    return 1
  }
  output.line('resetting database...')
  await opened.reset()
  output.line('database successfully reset')
  return 0
}

/** Asks on the terminal, up to three times; no answer is a no. */
async function confirmed(): Promise<boolean> {
  using lines = createInterface({ input: process.stdin })
  const answers = lines[Symbol.asyncIterator]()
  for (let times = 0; times < 3; times++) {
    printText('> Are you sure? This operation is irreversible. [Y/n] ')
    // oxlint-disable-next-line no-await-in-loop -- one question at a time
    const { value: answer = '' } = await answers.next()
    if (/^([yY]|yes|YES)$/.test(answer)) return true
    if (/^([nN]|no|NO)$/.test(answer)) return false
  }
  return false
}

function cannotRun(): MeshError {
  return new MeshError('store-needs-bootstrap', `can't run migrations: ${needsBootstrap}`)
}

function tellEach(output: Output, done: string, names: readonly string[]): void {
  for (const name of names) output.verbose(`${done} migration ${name}`)
}

function silenced(output: Output): Output {
  return { ...output, line: () => {}, verbose: () => {}, debug: () => {} }
}
