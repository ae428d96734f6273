import { LabError } from '#lab/run/lab-error.ts'
import { UsageError, type Command, type Console } from './command.ts'

/** Each is loaded when it is called. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./commands/up.ts')).up,
  down: async () => (await import('./commands/down.ts')).down,
  ps: async () => (await import('./commands/ps.ts')).ps,
  exec: async () => (await import('./commands/exec.ts')).exec,
  shell: async () => (await import('./commands/exec.ts')).shell,
  logs: async () => (await import('./commands/logs.ts')).logs,
}

const help = `Usage: meshyard COMMAND

  up [TOPOLOGY] [--bare]    bring a lab up: sidecars (default), tutorial, or a JSON file
  down                      take it down and remove all it made
  ps [-o table|json]        what runs in it
  exec NODE COMMAND …       run a command in a node
  shell [NODE]              open a shell in a node
  logs [NODE] [-f]          what nodes have written

Every command takes --name NAME before other arguments, for labs side by side; the name is "default" otherwise.
--bare brings up the network alone, without interception and processes.
Run folders are in .meshyard, or in MESHYARD_HOME. Exit codes: 0 done, 1 failed, 2 wrong usage.
`

/** Runs one command line and returns its exit code. */
export async function runMeshyard(argv: readonly string[], console: Console): Promise<number> {
  const [name, ...args] = argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.stdout.write(help)
    return name === undefined ? 2 : 0
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  try {
    if (load === undefined) throw new UsageError(`There is no command "${name}".`)
    const command = await load()
    return await command(args, console)
  } catch (error) {
    if (error instanceof LabError) {
      console.stderr.write(`Error: ${error.message}\n`)
      return 1
    }
    if (error instanceof UsageError) {
      console.stderr.write(`Error: ${error.message} See "meshyard help".\n`)
      return 2
    }
    throw error
  }
}
