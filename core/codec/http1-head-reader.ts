import { COLON, CR, LF, SPACE, TAB, tokenBytes, valueBytes } from './http1-bytes.ts'
import { HeaderField } from './http1-header-field.ts'
import { commonHeaderKey } from './http1-header-names.ts'
import { HttpSyntaxError } from './http1-syntax-error.ts'

export interface HeadLimits {
  /** Longest head in bytes, with all line ends. */
  readonly maxHeadBytes: number
  /** Longest line in bytes, without its end. */
  readonly maxLineBytes: number
}

/** What is known of a head before its meaning is looked at. */
export interface RawHead {
  /** Request or status line, without its CRLF. */
  readonly startLine: string
  readonly fields: readonly HeaderField[]
}

/** Trailers are header lines without a line before them. */
export type HeadKind = 'request' | 'response' | 'trailers'

/** Where the parts of each header line are: four numbers a line. */
interface Marks {
  positions: Int32Array
  count: number
}

function mark(
  marks: Marks,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
  end: number,
): void {
  const { count } = marks
  if (count + 4 > marks.positions.length) {
    const larger = new Int32Array(marks.positions.length * 2)
    larger.set(marks.positions)
    marks.positions = larger
  }
  const { positions } = marks
  positions[count] = nameEnd
  positions[count + 1] = valueStart
  positions[count + 2] = valueEnd
  positions[count + 3] = end
  marks.count = count + 4
}

/**
 * Reads the head of a message from bytes that come in any portions, as strictly as RFC 9112 allows: a line ends in
 * CRLF and nothing else, and no line continues another.
 *
 * A head that arrives whole is read in place; only a partial one is copied.
 */
export class HeadReader {
  readonly #limits: HeadLimits
  readonly #kind: HeadKind
  /** Holds what came of a head that is not complete yet, and room for more. */
  #store: Buffer = empty
  #filled = 0
  /** Where the first line that has not been read begins. */
  #lineStart = 0
  /** No LF lies between `#lineStart` and here. */
  #searched = 0
  /** Where the header lines begin; -1 before the start line is known. */
  #fieldsStart
  #startLineStart = 0
  readonly #marks: Marks = { positions: new Int32Array(64), count: 0 }
  #head: RawHead | undefined

  constructor(kind: HeadKind, limits: HeadLimits) {
    this.#kind = kind
    this.#limits = limits
    this.#fieldsStart = kind === 'trailers' ? 0 : -1
  }

  /** Whether any byte of the next head has arrived. */
  get begun(): boolean {
    return this.#filled > 0
  }

  /** The complete head, once: the reader is then ready for the next one. */
  take(): RawHead | undefined {
    const head = this.#head
    this.#head = undefined
    return head
  }

  /** The start line as far as it arrived: for logs about heads that were refused. */
  get partialStartLine(): string {
    const line = this.#store.toString('latin1', this.#startLineStart, this.#filled)
    return /^[\t\x20-\x7e\x80-\xff]*/.exec(line)![0]
  }

  /**
   * Takes bytes from `start` on and returns where the head ended, or the length of `bytes` when it goes on.
   * @throws HttpSyntaxError
   */
  read(bytes: Uint8Array, start: number): number {
    const before = this.#filled
    const data = before === 0 ? asBuffer(bytes, start) : this.#append(asBuffer(bytes, start))
    let end
    try {
      end = this.#scan(data)
    } catch (fault) {
      if (before === 0) this.#append(data.subarray(0, this.#limits.maxLineBytes))
      throw fault
    }
    if (end === undefined) {
      if (before === 0) this.#append(data)
      return bytes.length
    }
    this.#head = this.#complete(data, end)
    this.reset()
    return start + end - before
  }

  /** Returns everything that has arrived of this head. */
  #append(data: Buffer): Buffer {
    const filled = this.#filled + data.length
    if (filled > this.#store.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(1024, filled * 2))
      this.#store.copy(larger, 0, 0, this.#filled)
      this.#store = larger
    }
    data.copy(this.#store, this.#filled)
    this.#filled = filled
    return this.#store.subarray(0, filled)
  }

  /** Forgets what came of a head so far. */
  reset(): void {
    this.#store = empty
    this.#filled = 0
    this.#lineStart = 0
    this.#searched = 0
    this.#fieldsStart = this.#kind === 'trailers' ? 0 : -1
    this.#startLineStart = 0
    this.#marks.count = 0
  }

  /** Reads line after line; returns the end of the head, or undefined when the bytes end before it. */
  #scan(data: Buffer): number | undefined {
    if (this.#searched > this.#lineStart && data.indexOf(LF, this.#searched) === -1) {
      return this.#waitFor(data)
    }
    if (this.#fieldsStart === -1) {
      const lineEnd = this.#readStartLine(data)
      if (lineEnd === undefined) return this.#waitFor(data)
      this.#lineStart = lineEnd
      this.#fieldsStart = lineEnd
    }
    let at = this.#lineStart
    for (;;) {
      const next = readFieldLine(data, at, this.#marks)
      if (next === needMore) {
        this.#lineStart = at
        return this.#waitFor(data)
      }
      if (next - at - 2 > this.#limits.maxLineBytes || next > this.#limits.maxHeadBytes) {
        throw tooLarge(this.#limits)
      }
      if (next === at + 2) return next
      at = next
    }
  }

  /** Goes on with the next portion, unless what is here is too much already. */
  #waitFor(data: Buffer): undefined {
    this.#searched = data.length
    const lineIsTooLong = data.length - this.#lineStart > this.#limits.maxLineBytes + 1
    if (lineIsTooLong && this.#fieldsStart === -1) throw lineTooLong(this.#kind, this.#limits)
    if (lineIsTooLong || data.length > this.#limits.maxHeadBytes) throw tooLarge(this.#limits)
    return undefined
  }

  #readStartLine(data: Buffer): number | undefined {
    let start = this.#lineStart
    // RFC 9112 section 2.2: empty lines before a request are skipped.
    while (this.#kind === 'request' && data[start] === CR && data[start + 1] === LF) start += 2
    this.#lineStart = start
    this.#startLineStart = start
    const first = data[start]
    if (first === undefined || (first === CR && data[start + 1] === undefined)) return undefined
    if (tokenBytes[first] !== 1) throw malformed('The start line begins with an illegal byte')
    let end = start
    while (valueBytes[data[end]!] === 1) end++
    if (end - start > this.#limits.maxLineBytes) throw lineTooLong(this.#kind, this.#limits)
    if (end >= data.length) return undefined
    if (data[end] !== CR)
      throw malformed('The start line holds a control byte or ends in a bare LF')
    if (end + 1 >= data.length) return undefined
    if (data[end + 1] !== LF) throw malformed('The start line holds a CR')
    return end + 2
  }

  #complete(data: Buffer, end: number): RawHead {
    const text = data.toString('latin1', 0, end)
    const { positions, count } = this.#marks
    const fields: HeaderField[] = []
    let start = this.#fieldsStart
    for (let i = 0; i < count; i += 4) {
      const nameEnd = positions[i]!
      const lineEnd = positions[i + 3]!
      const key = commonHeaderKey(data, start, nameEnd) ?? text.slice(start, nameEnd).toLowerCase()
      fields.push(
        new HeaderField(key, text, start, nameEnd, positions[i + 1]!, positions[i + 2]!, lineEnd),
      )
      start = lineEnd
    }
    const startLine = text.slice(this.#startLineStart, Math.max(0, this.#fieldsStart - 2))
    return { startLine, fields }
  }
}

const empty = Buffer.alloc(0)
const needMore = -1

/**
 * Reads one header line and notes where its parts are.
 * @returns The start of the next line; `needMore`; for the empty line that ends the head, two more than `start`.
 */
function readFieldLine(data: Buffer, start: number, marks: Marks): number {
  const length = data.length
  if (length - start < 2) {
    if (length > start && data[start] !== CR && tokenBytes[data[start]!] !== 1) throw badName()
    return needMore
  }
  if (data[start] === CR) {
    if (data[start + 1] !== LF) throw malformed('A CR stands without its LF')
    return start + 2
  }
  let at = start
  while (at < length && tokenBytes[data[at]!] === 1) at++
  if (at === length) return needMore
  if (data[at] !== COLON || at === start) throw badName()
  const nameEnd = at
  at++
  while (at < length && (data[at] === SPACE || data[at] === TAB)) at++
  const valueStart = at
  while (at < length && valueBytes[data[at]!] === 1) at++
  if (at === length) return needMore
  if (data[at] !== CR) throw malformed('A header value holds a control byte or ends in a bare LF')
  if (at + 1 === length) return needMore
  if (data[at + 1] !== LF) throw malformed('A header value holds a CR')
  let valueEnd = at
  while (valueEnd > valueStart && (data[valueEnd - 1] === SPACE || data[valueEnd - 1] === TAB)) {
    valueEnd--
  }
  mark(marks, nameEnd, valueStart, valueEnd, at + 2)
  return at + 2
}

function asBuffer(bytes: Uint8Array, start: number): Buffer {
  if (start === 0 && bytes instanceof Buffer) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start)
}

function malformed(message: string): HttpSyntaxError {
  return new HttpSyntaxError(400, message)
}

function badName(): HttpSyntaxError {
  return malformed('A header line does not begin with a name and a colon')
}

function lineTooLong(kind: HeadKind, limits: HeadLimits): HttpSyntaxError {
  return new HttpSyntaxError(414, `The ${kind} line is longer than ${limits.maxLineBytes} bytes`)
}

function tooLarge(limits: HeadLimits): HttpSyntaxError {
  return new HttpSyntaxError(
    494,
    `The head has a line of more than ${limits.maxLineBytes} bytes or more than ${limits.maxHeadBytes} bytes in all`,
  )
}
