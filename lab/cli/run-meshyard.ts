import { LabError } from '#lab/run/lab-error.ts'
import { UsageError, type Console } from './command.ts'
import { findCommand } from './command-table.ts'
import { renderCommandHelp, renderOverview } from './render-help.ts'

/** Runs one command line and returns its exit code: 0 done, 1 failed, 2 wrong usage, or what the command says of its own. */
export async function runMeshyard(argv: readonly string[], console: Console): Promise<number> {
  const [first, ...args] = argv
  const { stdout, stderr } = console
  if (first === undefined || first === '--help' || first === '-h') {
    stdout.write(renderOverview(stdout))
    return first === undefined ? 2 : 0
  }
  const entry = findCommand(first)
  try {
    if (entry === undefined) throw new UsageError(`There is no command "${first}".`)
    if (args[0] === '--help' || args[0] === '-h') {
      stdout.write(renderCommandHelp(entry, stdout))
      return 0
    }
    const command = await entry.load()
    return await command(args, console)
  } catch (error) {
    if (error instanceof LabError) {
      stderr.write(`Error: ${error.message}\n`)
      return 1
    }
    if (error instanceof UsageError) {
      const about = entry === undefined || entry.name === 'help' ? '' : ` ${entry.name}`
      stderr.write(`Error: ${error.message} See "meshyard help${about}".\n`)
      return 2
    }
    throw error
  }
}
