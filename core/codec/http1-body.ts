import { CR, LF, valueBytes } from './http1-bytes.ts'
import { HeadReader } from './http1-head-reader.ts'
import type { HeaderField } from './http1-header-field.ts'
import type { BodyFraming } from './http1-message.ts'
import { HttpSyntaxError } from './http1-syntax-error.ts'

/** Is given the pieces of a body without the framing of chunks: `bytes` from `start` to `end`. */
export type OnPayload = (bytes: Uint8Array, start: number, end: number) => void

type State =
  | 'done'
  | 'fixed'
  | 'until-close'
  | 'size'
  | 'extension'
  | 'size-end'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailers'

/** Longest extensions of one body, and longest trailers. */
const maxExtensionBytes = 16 * 1024
const trailerLimits = { maxHeadBytes: 16 * 1024, maxLineBytes: 8 * 1024 }

/** RFC 9110 section 6.5.1: what would change the meaning of the message if it were merged into the headers. */
const forbiddenTrailers = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const SEMICOLON = 59
/** RFC 9112 section 7.1.1, without its optional white space: names, with a token or a quoted string. */
const extensions = /^(?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"(?:[^"\\]|\\.)*"))?)+$/

/**
 * Finds where a body ends in bytes that come in any portions. Nothing is copied: whoever passes a message on sends
 * the very bytes, chunk sizes included.
 */
export class BodyReader {
  #state: State
  /** Bytes that are left of the body (fixed) or of the chunk. */
  #remaining = 0
  #sizeDigits = 0
  /** Of the current chunk. */
  #extension = ''
  #extensionBytes = 0
  #payloadBytes = 0
  #trailerReader: HeadReader | undefined
  #trailers: readonly HeaderField[] = []

  constructor(framing: BodyFraming) {
    switch (framing.kind) {
      case 'none':
        this.#state = 'done'
        break
      case 'length':
        this.#state = framing.length === 0 ? 'done' : 'fixed'
        this.#remaining = framing.length
        break
      case 'chunked':
        this.#state = 'size'
        break
      case 'until-close':
        this.#state = 'until-close'
    }
  }

  get done(): boolean {
    return this.#state === 'done'
  }

  /** Bytes of the body so far, without the framing of chunks. */
  get payloadBytes(): number {
    return this.#payloadBytes
  }

  /** Empty until a body in chunks is done. */
  get trailers(): readonly HeaderField[] {
    return this.#trailers
  }

  /**
   * Takes bytes from `start` on and returns where the body ended, or the length of `bytes` when it goes on.
   * @throws HttpSyntaxError when chunks are malformed.
   */
  read(bytes: Uint8Array, start: number, onPayload?: OnPayload): number {
    let at = start
    while (at < bytes.length && this.#state !== 'done') at = this.#step(bytes, at, onPayload)
    return at
  }

  /** The peer will send no more; returns whether the body is complete. */
  end(): boolean {
    if (this.#state === 'until-close') this.#state = 'done'
    return this.#state === 'done'
  }

  #step(bytes: Uint8Array, at: number, onPayload: OnPayload | undefined): number {
    const byte = bytes[at]!
    switch (this.#state) {
      case 'fixed':
      case 'data':
      case 'until-close':
        return this.#payload(bytes, at, onPayload)
      case 'size':
        this.#size(byte)
        return at + 1
      case 'extension':
        this.#readExtension(byte)
        return at + 1
      case 'size-end':
        if (byte !== LF) throw malformed('A chunk size does not end in CRLF')
        this.#sizeDigits = 0
        this.#extension = ''
        this.#state = this.#remaining === 0 ? 'trailers' : 'data'
        return at + 1
      case 'data-cr':
        if (byte !== CR) throw malformed('A chunk is longer than its size says')
        this.#state = 'data-lf'
        return at + 1
      case 'data-lf':
        if (byte !== LF) throw malformed('A chunk does not end in CRLF')
        this.#state = 'size'
        return at + 1
      case 'trailers':
        return this.#readTrailers(bytes, at)
      case 'done':
        break
    }
    return at
  }

  #payload(bytes: Uint8Array, at: number, onPayload: OnPayload | undefined): number {
    const available = bytes.length - at
    const size = this.#state === 'until-close' ? available : Math.min(available, this.#remaining)
    this.#payloadBytes += size
    onPayload?.(bytes, at, at + size)
    if (this.#state !== 'until-close') {
      this.#remaining -= size
      if (this.#remaining === 0) this.#state = this.#state === 'fixed' ? 'done' : 'data-cr'
    }
    return at + size
  }

  #size(byte: number): void {
    const digit = hexDigit(byte)
    if (digit !== -1) {
      // Twelve digits are exact in a number and more than any chunk.
      if (++this.#sizeDigits > 12) throw malformed('A chunk size has more than 12 digits')
      this.#remaining = this.#remaining * 16 + digit
    } else if (this.#sizeDigits === 0) throw malformed('A chunk size is missing')
    else if (byte === CR) this.#state = 'size-end'
    else if (byte === SEMICOLON) {
      this.#state = 'extension'
      this.#readExtension(byte)
    } else throw malformed('A chunk size is not a hexadecimal number')
  }

  #readExtension(byte: number): void {
    if (byte === CR) {
      if (!extensions.test(this.#extension)) throw malformed('A chunk extension is malformed')
      this.#state = 'size-end'
      return
    }
    if (++this.#extensionBytes > maxExtensionBytes) {
      throw malformed(`The chunk extensions are longer than ${maxExtensionBytes} bytes`)
    }
    if (valueBytes[byte] !== 1) throw malformed('A chunk extension holds a control byte')
    this.#extension += String.fromCharCode(byte)
  }

  #readTrailers(bytes: Uint8Array, at: number): number {
    const reader = (this.#trailerReader ??= new HeadReader('trailers', trailerLimits))
    const end = reader.read(bytes, at)
    const trailers = reader.take()
    if (trailers === undefined) return end
    for (const field of trailers.fields) {
      if (forbiddenTrailers.has(field.key)) throw malformed(`${field.name} stands in the trailers`)
    }
    this.#trailers = trailers.fields
    this.#state = 'done'
    return end
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  if (byte >= 97 && byte <= 102) return byte - 87
  if (byte >= 65 && byte <= 70) return byte - 55
  return -1
}

function malformed(message: string): HttpSyntaxError {
  return new HttpSyntaxError(400, message)
}
