import { constants, open, type FileHandle } from 'node:fs/promises'
import { messageOf } from '#core/base/errors.ts'
import { setTimeout as pause } from 'node:timers/promises'

/** Without O_NONBLOCK, opening a pipe that nobody reads would never return. */
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

/** Appends to one file, which it opens when there is something to write. */
export class FileAppender {
  readonly #path: string
  #handle: FileHandle | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Rejects, naming the file. A pipe that is full is waited for. */
  async append(text: string, signal: AbortSignal): Promise<void> {
    try {
      this.#handle ??= await open(this.#path, flags, 0o644)
      let rest = Buffer.from(text)
      while (rest.length > 0) {
        signal.throwIfAborted()
        // oxlint-disable-next-line no-await-in-loop -- what is left is known only then
        const written = await writeSome(this.#handle, rest)
        rest = rest.subarray(written)
      }
    } catch (error) {
      throw new Error(`failed to write to the file ${this.#path}: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }
}

/** Returns the number of bytes written: 0 when a pipe is full. */
async function writeSome(handle: FileHandle, bytes: Buffer): Promise<number> {
  try {
    return (await handle.write(bytes)).bytesWritten
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    await pause(10)
    return 0
  }
}
