import { BodyReader } from '#core/codec/http1-body.ts'
import { HeaderField } from '#core/codec/http1-header-field.ts'
import type { BodyFraming, MinorVersion } from '#core/codec/http1-message.ts'

/** Sends a text, bytes of a body and a text to the client. */
export type Send = (prefix: string, body: Uint8Array, suffix: string) => void

/** Returns what goes on in place of a piece of a body. */
export type Transform = (piece: Uint8Array, last: boolean) => Uint8Array

/**
 * How a body goes to the client: with the framing it came with; put into chunks, because only the upstream's close
 * ends it; taken out of them, because an HTTP/1.0 client cannot read them; transformed; or not at all, because the
 * client awaits none.
 */
type Passage = 'as-is' | 'into-chunks' | 'out-of-chunks' | 'transformed' | 'nowhere'

export interface ResponseBodyOptions {
  readonly clientVersion: MinorVersion
  /** Whether the client awaits none, whatever the upstream sends. */
  readonly unwanted?: boolean
  readonly transform?: Transform | undefined
}

/** Passes a response body on. */
export class ResponseBody {
  readonly #reader: BodyReader
  readonly #passage: Passage
  readonly #framing: BodyFraming
  readonly #transform: Transform | undefined
  readonly #clientVersion: MinorVersion
  #transformed = false

  constructor(framing: BodyFraming, options: ResponseBodyOptions) {
    this.#framing = framing
    this.#reader = new BodyReader(framing)
    this.#clientVersion = options.clientVersion
    this.#transform = options.transform
    if (options.unwanted === true) this.#passage = 'nowhere'
    else if (options.transform !== undefined) this.#passage = 'transformed'
    else if (framing.kind === 'until-close' && options.clientVersion === 1) {
      this.#passage = 'into-chunks'
    } else if (framing.kind === 'chunked' && options.clientVersion === 0) {
      this.#passage = 'out-of-chunks'
    } else this.#passage = 'as-is'
  }

  get done(): boolean {
    return this.#reader.done
  }

  /** Whether the client receives chunks. */
  get chunked(): boolean {
    switch (this.#passage) {
      case 'into-chunks':
        return true
      case 'transformed':
        return this.#clientVersion === 1
      case 'as-is':
        return this.#framing.kind === 'chunked'
      case 'out-of-chunks':
      case 'nowhere':
        return false
    }
  }

  /** Whether the client learns by the connection's end where the body ends. */
  get endsByClose(): boolean {
    if (this.#passage === 'nowhere') return false
    if (this.#passage === 'transformed') return !this.chunked
    const { kind } = this.#framing
    return !this.chunked && (kind === 'until-close' || kind === 'chunked')
  }

  /**
   * Passes bytes on from `start`, after the response's head if that is given, and returns where the body ended.
   * @throws HttpSyntaxError, and what a transformation throws
   */
  relay(bytes: Uint8Array, start: number, head: string, send: Send): number {
    switch (this.#passage) {
      case 'nowhere':
        return this.#swallow(bytes, start, head, send)
      case 'transformed':
        return this.#relayTransformed(bytes, start, head, send)
      case 'out-of-chunks':
        if (head !== '') send(head, nothing, '')
        return this.#reader.read(bytes, start, (from, payloadStart, payloadEnd) =>
          send('', from.subarray(payloadStart, payloadEnd), ''),
        )
      case 'as-is':
      case 'into-chunks':
    }
    const end = this.#reader.read(bytes, start)
    const piece = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
    if (this.#passage === 'into-chunks' && piece.length > 0) {
      send(`${head}${piece.length.toString(16)}\r\n`, piece, '\r\n')
    } else if (head !== '' || piece.length > 0) send(head, piece, '')
    return end
  }

  /** The upstream will send no more; returns whether the body is complete. */
  end(send: Send): boolean {
    if (this.#reader.done) return true
    if (!this.#reader.end()) return false
    if (this.#passage === 'into-chunks') send('0\r\n\r\n', nothing, '')
    else if (this.#passage === 'transformed') this.#sendTransformed([], '', send)
    return true
  }

  #swallow(bytes: Uint8Array, start: number, head: string, send: Send): number {
    if (head !== '') send(head, nothing, '')
    const end = this.#reader.read(bytes, start)
    // A transformation is promised to see an end, even where there is nobody to see what it makes of it.
    if (this.#reader.done && !this.#transformed) {
      this.#transformed = true
      this.#transform?.(nothing, true)
    }
    return end
  }

  #relayTransformed(bytes: Uint8Array, start: number, head: string, send: Send): number {
    const pieces: Uint8Array[] = []
    // A transformation may keep what it sees, and the bytes are only lent.
    const end = this.#reader.read(bytes, start, (from, payloadStart, payloadEnd) =>
      pieces.push(Buffer.from(from.subarray(payloadStart, payloadEnd))),
    )
    this.#sendTransformed(pieces, head, send)
    return end
  }

  #sendTransformed(pieces: readonly Uint8Array[], head: string, send: Send): void {
    const { done } = this.#reader
    const given = done && pieces.length === 0 ? [nothing] : pieces
    const made = given.map((piece, index) =>
      this.#transform!(piece, done && index === given.length - 1),
    )
    const body = made.length === 1 ? made[0]! : Buffer.concat(made)
    const ending =
      done && this.chunked ? `0\r\n${HeaderField.render(this.#reader.trailers)}\r\n` : ''
    if (!this.chunked || body.length === 0) {
      if (head !== '' || body.length > 0 || ending !== '') send(head + ending, body, '')
    } else send(`${head}${body.length.toString(16)}\r\n`, body, `\r\n${ending}`)
  }
}

const nothing = new Uint8Array(0)
