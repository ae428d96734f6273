import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { spawnInNamespace } from '#netns/command.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { LabRequest, LabResult } from './messages.ts'
import { errorCode, messageOf } from '#lab/run/fault.ts'

type ExecRequest = Extract<LabRequest, { command: 'exec' }>

export interface ExecContext {
  readonly namespace: NetworkNamespace
  readonly environment: Readonly<Record<string, string>>
  /** Takes output; resolves when more may come. */
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => Promise<void> | void
  /** Kills the command and its children. */
  readonly signal: AbortSignal
}

/** Runs a command to its end and passes its output on as it comes. */
export async function execCommand(
  request: ExecRequest,
  { namespace, environment, onOutput, signal }: ExecContext,
): Promise<Extract<LabResult, { kind: 'exited' }>> {
  const { argv, input, timeoutMs } = request
  const startedAt = performance.now()
  const child = spawnInNamespace(namespace, argv, {
    // A group of its own, so that it can be killed with what it started.
    detached: true,
    env: { ...environment, ...request.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new Error('stdio is piped')
  // A command may end without having read its input.
  stdin.on('error', () => {})
  stdin.end(input)

  const kill = (): void => {
    killGroup(child.pid)
    // What has left the group may hold the pipes open.
    stdout.destroy()
    stderr.destroy()
  }
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    kill()
  }, timeoutMs)
  signal.addEventListener('abort', kill)
  try {
    const outputs = [forward(stdout, 'stdout', onOutput), forward(stderr, 'stderr', onOutput)]
    const [exitCode]: (number | null)[] = await once(child, 'exit')
    const durationMs = performance.now() - startedAt
    await Promise.all(outputs)
    return { kind: 'exited', exitCode: exitCode ?? null, durationMs, timedOut }
  } catch (error) {
    throw new LabError(`Cannot run ${argv[0]} in ${request.node}: ${messageOf(error)}`)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', kill)
  }
}

async function forward(
  readable: Readable,
  stream: 'stdout' | 'stderr',
  onOutput: ExecContext['onOutput'],
): Promise<void> {
  try {
    for await (const data of readable as AsyncIterable<Buffer>) await onOutput(stream, data)
  } catch (error) {
    // Destroyed when the command was killed; what came before counts.
    if (errorCode(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}
