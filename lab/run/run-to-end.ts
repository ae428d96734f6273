import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface Ended {
  /** `null` when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunToEndOptions {
  readonly cwd?: string
  /** Added to this process's own. */
  readonly environment?: NodeJS.ProcessEnv
  /** Default: none. */
  readonly input?: string
}

/** Runs a program to its end, whatever that is, and tells all it wrote. */
export async function runToEnd(
  [program = '', ...args]: readonly string[],
  { cwd, environment, input = '' }: RunToEndOptions = {},
): Promise<Ended> {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: 'pipe',
  })
  // One that reads none may have ended before its input does.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}
