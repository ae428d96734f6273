import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The kong command of this checkout. */
export const kongCommand = fileURLToPath(new URL('../../core/bin/kong', import.meta.url))

/**
 * A node that the kong command is itself, as with `nginx_daemon = off`. Disposing of it ends it, waits for its end, and throws
 * what it said on stderr when that was no proper one.
 */
export interface KongProcess extends AsyncDisposable {
  /** Rejects with what the command said on stderr when the node ends before it has started. */
  readonly started: Promise<void>
}

export function openKongProcess(options: {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}): KongProcess {
  const { cwd, env } = options
  const child = spawn(kongCommand, ['start'], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const name = `kong start in ${env['KONG_PREFIX']}`
  let hasStarted = false
  const closed = once(child, 'close')
  // A command that cannot be run is told by whoever waits for the start.
  closed.catch(() => {})
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const start = async (): Promise<void> => {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line !== 'Kong started') continue
      hasStarted = true
      child.stdout.resume()
      return
    }
    await closed
    throw new Error(`${name} failed: ${complaints}`)
  }
  return {
    started: start(),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await closed.catch(() => [])
      const { exitCode, signalCode } = child
      if (!hasStarted || exitCode === 0) return
      throw new Error(`${name} ended by ${signalCode ?? `exit code ${exitCode}`}: ${complaints}`)
    },
  }
}
