import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Commands in a terminal of their own, as a reader has typed them. Disposing closes the terminal on what still runs. */
export interface Console extends AsyncDisposable {
  /** All that has appeared so far. */
  readonly text: string
  /** undefined while it runs. */
  readonly exitCode: number | undefined
  /** Ctrl-D. */
  endInput(): void
  /** Resolves when there is more text or the commands have ended; rejects when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>
}

export interface ConsoleOptions {
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
}

const endOfTransmission = '\x04'

/**
 * Starts commands with bash in a pseudo-terminal, which `script` of util-linux makes: programs print there what a
 * reader sees, and their input stays open and silent. The first command that fails ends them.
 */
export function openConsole(commands: string, { folder, environment }: ConsoleOptions): Console {
  const child = spawn(
    'script',
    ['--quiet', '--return', '--flush', '--command', `set -e\n${commands}`, '/dev/null'],
    {
      cwd: folder,
      // `dumb`: no colours and no cursor movement.
      env: { ...environment, SHELL: '/bin/bash', TERM: 'dumb' },
      stdio: 'pipe',
    },
  )
  let text = ''
  let exitCode: number | undefined
  const changes = new EventTarget()
  const tell = (): void => void changes.dispatchEvent(new Event('change'))
  const append = (chunk: string): void => {
    text += chunk
    tell()
  }
  child.stdout.setEncoding('utf8').on('data', append)
  child.stderr.setEncoding('utf8').on('data', append)
  // It may end before it takes its input; its exit code says more than EPIPE.
  child.stdin.on('error', () => {})
  const closed = Promise.withResolvers<void>()
  const end = (code: number): void => {
    exitCode ??= code
    closed.resolve()
    tell()
  }
  child.on('error', (error) => {
    append(`Cannot start script (Debian package bsdutils): ${error.message}`)
    end(127)
  })
  child.on('close', (code) => end(code ?? 128))

  return {
    get text() {
      return text
    },
    get exitCode() {
      return exitCode
    },
    endInput: () => void child.stdin.write(endOfTransmission),
    changed: async (signal) => {
      await once(changes, 'change', { signal })
    },
    [Symbol.asyncDispose]: async () => {
      if (exitCode === undefined) child.kill('SIGKILL')
      await closed.promise
    },
  }
}
