import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { projectRoot } from '#lab/run/home.ts'
import { messageOf } from '#lab/run/fault.ts'
import type { Check } from './check.ts'

type Command = readonly [string, ...string[]]

export interface MendOptions {
  readonly out: NodeJS.WritableStream
  readonly environment: NodeJS.ProcessEnv
  /** Whether a command may be run. */
  readonly consents: (command: string) => Promise<boolean>
}

/** Shows and, with consent, runs the commands that mend what was found; tells how many were run. */
export async function mend(checks: readonly Check[], options: MendOptions): Promise<number> {
  const { out, environment, consents } = options
  let run = 0
  for (const { command, names } of fixesOf(checks)) {
    const shown = command.join(' ')
    out.write(`To mend ${names.join(', ')}:\n  ${shown}\n`)
    // One question after the other.
    // oxlint-disable-next-line no-await-in-loop
    if (!(await consents(shown))) continue
    // oxlint-disable-next-line no-await-in-loop
    const failure = await runCommand(command, environment)
    if (failure !== undefined) out.write(`  did not work: ${failure}\n`)
    run += 1
  }
  return run
}

/** Each command once, with what it mends. */
export function fixesOf(
  checks: readonly Check[],
): readonly { readonly command: Command; readonly names: readonly string[] }[] {
  const fixes = checks.flatMap(({ name, fix }) => (fix === undefined ? [] : [{ name, fix }]))
  return Array.from(Map.groupBy(fixes, ({ fix }) => fix.join('\0')).values(), (same) => ({
    command: same[0]?.fix ?? ['true'],
    names: same.map(({ name }) => name),
  }))
}

async function runCommand(
  [program, ...args]: Command,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const path = program === 'meshyard' ? join(projectRoot, 'lab/bin/meshyard') : program
  const child = spawn(path, args, { env: environment, stdio: ['inherit', 'inherit', 'inherit'] })
  try {
    const [code]: (number | null)[] = await once(child, 'exit')
    return code === 0 ? undefined : `exit code ${code}`
  } catch (error) {
    return messageOf(error)
  }
}

/** Asks on the terminal. */
export async function ask(question: string): Promise<boolean> {
  using terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${question} [y/N] `)
  return /^y(es)?$/i.test(answer.trim())
}
