import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import type { NetworkNamespace } from './namespace.ts'

/** Program and arguments; no shell reads them. */
export type Argv = readonly [program: string, ...args: string[]]

export interface CommandOptions {
  /** Written to standard input, which is then closed. Default: nothing. */
  readonly input?: string
  /** The whole environment of the command. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Kills the command with SIGKILL when it has not ended by then. Default: no limit. */
  readonly timeoutMs?: number
  /** Kills the command with SIGKILL when it aborts. */
  readonly signal?: AbortSignal
}

export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
  /** 128 + the signal's number when a signal ended it, as shells count. */
  readonly exitCode: number
}

/** Starts a command inside a namespace. That a program cannot be started is told by the child's `error` event. */
export function spawnInNamespace(
  namespace: NetworkNamespace,
  argv: Argv,
  options: SpawnOptions = {},
): ChildProcess {
  const [program, ...args] = argv
  return namespace.run(() => spawn(program, args, { ...options, shell: false }))
}

/**
 * Runs a command inside a namespace to its end, whatever its exit code.
 * @throws Error when it cannot be started or does not end in time; the signal's reason when that aborts.
 */
export async function runInNamespace(
  namespace: NetworkNamespace,
  argv: Argv,
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { input = '', timeoutMs, signal: callerSignal, ...spawnOptions } = options
  callerSignal?.throwIfAborted()
  const child = spawnInNamespace(namespace, argv, { ...spawnOptions, stdio: 'pipe' })
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new Error('stdio is piped')
  const output = [collect(stdout), collect(stderr)] as const
  // The command may end without reading its input; its exit code says more than EPIPE.
  stdin.on('error', () => {})
  stdin.end(input)

  const ended = Promise.withResolvers<number>()
  let tooLate: Error | undefined
  const kill = (reason: Error): void => {
    tooLate ??= reason
    child.kill('SIGKILL')
    // Its own children may still hold the pipes and keep `close` from coming.
    stdout.destroy()
    stderr.destroy()
  }
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          kill(new Error(`${told(argv, namespace)} did not end within ${timeoutMs} ms`))
        }, timeoutMs)
  const onAbort = (): void => {
    kill(asError(callerSignal?.reason))
  }
  callerSignal?.addEventListener('abort', onAbort, { once: true })
  child.once('error', (error) => {
    ended.reject(new Error(`Cannot start ${told(argv, namespace)}: ${error.message}`))
  })
  child.once('close', (code, signalName) => {
    ended.resolve(code ?? 128 + (signalName === null ? 0 : constants.signals[signalName]))
  })
  try {
    const exitCode = await ended.promise
    if (tooLate !== undefined) throw tooLate
    return { stdout: output[0](), stderr: output[1](), exitCode }
  } finally {
    clearTimeout(timer)
    callerSignal?.removeEventListener('abort', onAbort)
  }
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}

function told(argv: Argv, namespace: NetworkNamespace): string {
  return `"${argv.join(' ')}" in ${namespace.label}`
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
