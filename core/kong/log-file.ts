import { close, closeSync, openSync, write, writeSync } from 'node:fs'

/** Lines that wait for a stalled disk may take this many characters before further ones are dropped. */
const maxWaiting = 8 * 1024 * 1024

/** A file that lines are appended to without ever making the caller wait. */
export interface LogFile extends AsyncDisposable {
  readonly path: string
  /** Takes a line without its line break; it is in the file after at most 20 ms. Once closed, it drops the line. */
  append(line: string): void
  /** Writes what waits before it returns: for the last moments of a process. */
  flushSync(): void
  /** Goes on in the file that has the name now, after a log rotation. */
  reopen(): void
}

/** @throws the file system's error when the file cannot be opened for appending. */
export function openLogFile(path: string): LogFile {
  return new BufferedLogFile(path)
}

const flushAfterMs = 20

class BufferedLogFile implements LogFile {
  readonly path: string
  #fd: number
  #waiting: string[] = []
  #waitingLength = 0
  #dropped = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #closed = false

  constructor(path: string) {
    this.path = path
    this.#fd = openSync(path, 'a')
  }

  append(line: string): void {
    // The number of a closed descriptor soon belongs to somebody else, such as a client's connection.
    if (this.#closed) return
    if (this.#waitingLength > maxWaiting) {
      this.#dropped += 1
      return
    }
    this.#waiting.push(line)
    this.#waitingLength += line.length
    this.#timer ??= setTimeout(() => this.#startWriting(), flushAfterMs)
  }

  flushSync(): void {
    if (this.#closed) return
    try {
      const text = this.#take()
      if (text !== '') writeSync(this.#fd, text)
    } catch {
      // A full disk or a closed pipe: there is no better place to tell it.
    }
  }

  reopen(): void {
    if (this.#closed) return
    const old = this.#fd
    this.#fd = openSync(this.path, 'a')
    // A write under way must find its descriptor open.
    void (this.#writing ?? Promise.resolve()).then(() => close(old))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    while (this.#writing) await this.#writing
    this.flushSync()
    this.#closed = true
    closeSync(this.#fd)
  }

  #startWriting(): void {
    this.#timer = undefined
    if (this.#writing) return
    const text = this.#take()
    if (text === '') return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#writing = promise
    writeAll(this.#fd, Buffer.from(text), () => {
      this.#writing = undefined
      resolve()
      if (this.#waiting.length > 0) this.#startWriting()
    })
  }

  #take(): string {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#dropped > 0) {
      this.#waiting.push(`(${this.#dropped} lines dropped: the disk was too slow)`)
      this.#dropped = 0
    }
    if (this.#waiting.length === 0) return ''
    const text = `${this.#waiting.join('\n')}\n`
    this.#waiting = []
    this.#waitingLength = 0
    return text
  }
}

/** A failed write loses these lines. */
function writeAll(fd: number, bytes: Buffer, done: () => void): void {
  write(fd, bytes, (error, written) => {
    if (error || written === bytes.length) done()
    else writeAll(fd, bytes.subarray(written), done)
  })
}
