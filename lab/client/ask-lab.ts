import { LabError } from '#lab/run/lab-error.ts'
import { socketFile } from '#lab/holder/socket-file.ts'
import { readJsonLines, writeJsonLine } from '#lab/holder/json-lines.ts'
import type { LabReply, LabRequest, LabResult } from '#lab/holder/messages.ts'
import { connectToLab } from './connect-to-lab.ts'

export interface RequestOptions {
  readonly onOutput?: (stream: 'stdout' | 'stderr', data: Buffer) => void
  /** Cancels the request inside the lab, too. */
  readonly signal?: AbortSignal
}

/**
 * Asks the lab of a run folder for something.
 * @throws LabError with the lab's own words, or when nobody answers; the signal's reason when it aborts.
 */
export async function askLab(
  folder: string,
  request: LabRequest,
  options: RequestOptions = {},
): Promise<LabResult> {
  const { onOutput, signal } = options
  signal?.throwIfAborted()
  const socket = await connectToLab(folder, socketFile)
  if (socket === undefined) throw new LabError(`No lab is running in ${folder}.`)
  socket.on('error', () => {})
  const cancel = (): void => {
    socket.destroy()
  }
  signal?.addEventListener('abort', cancel)
  try {
    // It may have been given up while the lab was looked for.
    signal?.throwIfAborted()
    writeJsonLine(socket, request)
    for await (const reply of readJsonLines<LabReply>(socket)) {
      if (reply.kind === 'result') return reply.result
      if (reply.kind === 'error') throw new LabError(reply.message)
      onOutput?.(reply.stream, Buffer.from(reply.data, 'base64'))
    }
    signal?.throwIfAborted()
    throw new LabError(`The lab in ${folder} ended before it answered.`)
  } finally {
    signal?.removeEventListener('abort', cancel)
    socket.destroy()
  }
}

type Kind = LabResult['kind']
type ResultOf<kind extends Kind> = Extract<LabResult, { readonly kind: kind }>

/** Asks for what is answered in one way only; throws as `askLab` does. */
export async function askFor<kind extends Kind>(
  kind: kind,
  folder: string,
  request: LabRequest,
  options: RequestOptions = {},
): Promise<ResultOf<kind>> {
  const result = await askLab(folder, request, options)
  if (isOf(kind, result)) return result
  throw new Error(`${request.command} was answered with ${result.kind}`)
}

function isOf<kind extends Kind>(kind: kind, result: LabResult): result is ResultOf<kind> {
  return result.kind === kind
}
