import type { Readable } from 'node:stream'
import { LabError } from '#lab/run/lab-error.ts'
import type { Environment, Runtime } from '#lab/runtime/runtime.ts'
import type { LabRequest, LabResult } from './messages.ts'
import { errorCode, messageOf } from '#lab/run/fault.ts'

type ExecRequest = Extract<LabRequest, { command: 'exec' }>

export interface ExecContext {
  readonly runtime: Pick<Runtime, 'run'>
  readonly namespace: string
  readonly environment: Environment
  /** Takes output; resolves when more may come. */
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => Promise<void> | void
  /** Kills the command and its children. */
  readonly signal: AbortSignal
}

/** Runs a command to its end and passes its output on as it comes. */
export async function execCommand(
  request: ExecRequest,
  { runtime, namespace, environment, onOutput, signal }: ExecContext,
): Promise<Extract<LabResult, { kind: 'exited' }>> {
  const { argv, input, timeoutMs } = request
  const startedAt = performance.now()
  const command = runtime.run(namespace, argv, { ...environment, ...request.environment })
  const { stdin, stdout, stderr } = command
  // A command may end without having read its input.
  stdin.on('error', () => {})
  stdin.end(input)

  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    command.kill()
  }, timeoutMs)
  signal.addEventListener('abort', command.kill)
  if (signal.aborted) command.kill()
  const exited = command.exit.then((exitCode) => ({
    exitCode,
    durationMs: performance.now() - startedAt,
  }))
  try {
    // Together, because whoever takes the output may refuse it while the command still runs.
    const [{ exitCode, durationMs }] = await Promise.all([
      exited,
      forward(stdout, 'stdout', onOutput),
      forward(stderr, 'stderr', onOutput),
    ])
    return { kind: 'exited', exitCode, durationMs, timedOut }
  } catch (error) {
    command.kill()
    throw new LabError(`Cannot run ${argv[0]} in ${request.node}: ${messageOf(error)}`)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', command.kill)
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
