import { errorCode } from '#lab/run/fault.ts'
import type { Output } from './command.ts'

/** Aborts when nobody reads what is written any more, as behind `| head`; with its reason when it is another failure. */
export function whenReaderGone(stdout: Output): AbortSignal {
  const gone = new AbortController()
  stdout.on('error', (error: unknown) => {
    gone.abort(errorCode(error) === 'EPIPE' ? undefined : error)
  })
  return gone.signal
}
