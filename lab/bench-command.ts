import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { projectRoot } from './run/home.ts'

export interface TimedCommand {
  readonly wallMs: number
  /** In user and kernel, of the command and of all that it waited for; not of what outlives it. */
  readonly cpuMs: number
}

/**
 * Runs a command to its end.
 * @throws Error when it does not end well.
 */
export async function timeCommand(
  argv: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
): Promise<TimedCommand> {
  const startedAt = performance.now()
  const child = spawn(
    'sh',
    ['-c', `"$@" >/dev/null; code=$?; times >&3; exit $code`, 'sh', ...argv],
    {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    },
  )
  const times: string[] = []
  child.stdio[3]?.on('data', (chunk: Buffer) => times.push(chunk.toString()))
  const said: string[] = []
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  const [code] = await once(child, 'close')
  if (code !== 0) {
    throw new Error(`${argv.join(' ')} ended with exit code ${code}:\n${said.join('')}`)
  }
  return { wallMs: performance.now() - startedAt, cpuMs: parseTimes(times.join('')) }
}

/** Brings labs of this home up and down, as a person would. */
export function timeMeshyard(home: string, ...args: readonly string[]): Promise<TimedCommand> {
  return timeCommand([join(projectRoot, 'lab/bin/meshyard'), ...args], { MESHYARD_HOME: home })
}

/** Of what the shell has waited for: the second line of `times`, such as `0m0.200000s 0m0.040000s`. */
function parseTimes(text: string): number {
  const ofChildren = text.trim().split('\n')[1] ?? ''
  return [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)]
    .map(([, minutes, seconds]) => Number(minutes) * 60_000 + Number(seconds) * 1000)
    .reduce((sum, each) => sum + each, 0)
}
