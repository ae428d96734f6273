import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { errorCode } from '#lab/run/fault.ts'
import { projectRoot } from '#lab/run/home.ts'

/** A command line of the product while it runs. */
export interface LabCommand {
  readonly pid: number
  /** Resolves once it has ended, with what it wrote. */
  readonly ended: Promise<CommandEnd>
  /** As a terminal would: to the command and what it runs in the foreground. */
  signalGroup(signal: NodeJS.Signals): void
}

export interface CommandEnd {
  /** `null` when a signal ended it. */
  readonly code: number | null
  readonly output: string
}

export interface LabCommandOptions {
  readonly environment: NodeJS.ProcessEnv
  /** Gives it a terminal of its own, that of script(1), which is the process then. */
  readonly terminal?: boolean
}

/** Starts `meshyard` with arguments that need no quotes. */
export function startCommand(args: readonly string[], options: LabCommandOptions): LabCommand {
  const argv = [join(projectRoot, 'lab/bin/meshyard'), ...args]
  const child = options.terminal === true ? inTerminal(argv, options) : plainly(argv, options)
  const { pid } = child
  if (pid === undefined) throw new Error(`Cannot start ${argv.join(' ')}`)
  return {
    pid,
    ended: collect(child),
    signalGroup: (signal) => {
      signalIfThere(-pid, signal)
    },
  }
}

function plainly(
  [program = '', ...args]: readonly string[],
  options: LabCommandOptions,
): ChildProcess {
  // A group of its own, as a shell makes for each command.
  return spawn(program, args, { stdio: [...stdio], detached: true, env: options.environment })
}

function inTerminal(argv: readonly string[], options: LabCommandOptions): ChildProcess {
  const args = ['--quiet', '--return', '--command', `exec ${argv.join(' ')}`, '/dev/null']
  return spawn('script', args, { stdio: [...stdio], detached: true, env: options.environment })
}

const stdio = ['ignore', 'pipe', 'pipe'] as const

async function collect(child: ChildProcess): Promise<CommandEnd> {
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  }
  const [code]: (number | null)[] = await once(child, 'exit')
  // What it started may hold its output open.
  for (const stream of [child.stdout, child.stderr]) stream?.destroy()
  return { code: code ?? null, output: Buffer.concat(chunks).toString() }
}

/** Does nothing when the process, or a negative number's group, has ended. */
export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}
