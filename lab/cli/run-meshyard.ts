import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '#lab/run/home.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { typed } from './called-as.ts'
import { UsageError, type Console } from './command.ts'
import type { CommandEntry } from './command-entry.ts'
import { findCommand } from './command-table.ts'
import { renderCommandHelp, renderOverview } from './render-help.ts'
import { tellRefusal } from './tell-refusal.ts'

/** Runs one command line and returns its exit code: 0 done, 1 failed, 2 wrong usage, or what the command says of its own. */
export async function runMeshyard(argv: readonly string[], console: Console): Promise<number> {
  const [first, ...args] = argv
  const { stdout, stderr } = console
  if (first === undefined || first === '--help' || first === '-h') {
    stdout.write(renderOverview(stdout))
    return first === undefined ? 2 : 0
  }
  if (first === '--version') {
    stdout.write(`${readVersion()}\n`)
    return 0
  }
  const entry = findCommand(first)
  try {
    if (entry === undefined) {
      const kind = first.startsWith('-') ? 'option' : 'command'
      throw new UsageError(`There is no ${kind} "${first}".`)
    }
    if (asksForHelp(entry, args)) {
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
      const about = entry === undefined || entry.name === 'help' ? [] : [entry.name]
      stderr.write(`Error: ${error.message} See "${typed('help', about, console.env)}".\n`)
      return 2
    }
    const refusal = tellRefusal(error)
    if (refusal === undefined) throw error
    stderr.write(`Error: ${refusal}\n`)
    return 1
  }
}

/** Anywhere, except that what follows a node may be the command of that node. */
function asksForHelp({ takes }: CommandEntry, args: readonly string[]): boolean {
  const own = takes.includes('command') ? args.slice(0, 1) : args
  const end = own.indexOf('--')
  return (end === -1 ? own : own.slice(0, end)).some((arg) => arg === '--help' || arg === '-h')
}

function readVersion(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(projectRoot, 'package.json'), 'utf8'),
  )
  return version
}
