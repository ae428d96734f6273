import type { Readable, Writable } from 'node:stream'
import { errorCode } from '#lab/run/fault.ts'

/** Values that arrive as lines of JSON; ends when the stream ends or breaks. */
export async function* readJsonLines<value>(stream: Readable): AsyncGenerator<value, undefined> {
  let rest = ''
  stream.setEncoding('utf8')
  try {
    for await (const chunk of stream as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line)
    }
  } catch (error) {
    // The other side was killed: the same as its end.
    if (!isBroken(error)) throw error
  }
  return undefined
}

/** Tells whether more may be written at once. */
export function writeJsonLine(stream: Writable, value: unknown): boolean {
  return stream.write(`${JSON.stringify(value)}\n`)
}

function isBroken(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}
