import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { errorCode } from '#lab/run/fault.ts'

/** Reads whole lines of a file as it grows, from a position on; a file that is not there yet has none. */
export class LineReader {
  readonly #path: string
  #offset: number
  #rest = ''

  /** `from: 'end'` skips what the file holds now. */
  constructor(path: string, { from }: { readonly from: 'start' | 'end' }) {
    this.#path = path
    this.#offset = from === 'start' ? 0 : sizeOf(path)
  }

  /** How much the file holds now. */
  get size(): number {
    return sizeOf(this.#path)
  }

  /** The lines that were completed since the last call. */
  next(): readonly string[] {
    const added = readFrom(this.#path, this.#offset)
    if (added === undefined) return []
    this.#offset += added.length
    const lines = (this.#rest + added.toString('latin1')).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.map((line) => Buffer.from(line, 'latin1').toString('utf8'))
  }
}

/** The size of a file; 0 when there is none. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function readFrom(path: string, offset: number): Buffer | undefined {
  return withFile(path, (fd) => {
    const bytes = Buffer.allocUnsafe(Math.max(0, fstatSync(fd).size - offset))
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, offset))
  })
}

function withFile<result>(path: string, action: (fd: number) => result): result | undefined {
  let fd
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    return action(fd)
  } finally {
    closeSync(fd)
  }
}
