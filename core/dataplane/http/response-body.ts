import { BodyReader } from '#core/codec/http1-body.ts'
import type { BodyFraming, MinorVersion } from '#core/codec/http1-message.ts'

/** Sends a text, bytes of a body and a text to the client. */
export type Send = (prefix: string, body: Uint8Array, suffix: string) => void

/**
 * How a body goes to the client: with the framing it came with; put into chunks, because only the upstream's close
 * ends it; or taken out of them, because an HTTP/1.0 client cannot read them.
 */
type Passage = 'as-is' | 'into-chunks' | 'out-of-chunks'

/** Passes a response body on. */
export class ResponseBody {
  readonly #reader: BodyReader
  readonly #passage: Passage
  readonly #framing: BodyFraming

  constructor(framing: BodyFraming, clientVersion: MinorVersion) {
    this.#framing = framing
    this.#reader = new BodyReader(framing)
    if (framing.kind === 'until-close' && clientVersion === 1) this.#passage = 'into-chunks'
    else if (framing.kind === 'chunked' && clientVersion === 0) this.#passage = 'out-of-chunks'
    else this.#passage = 'as-is'
  }

  get done(): boolean {
    return this.#reader.done
  }

  /** Whether the client receives chunks. */
  get chunked(): boolean {
    return (
      this.#passage === 'into-chunks' ||
      (this.#passage === 'as-is' && this.#framing.kind === 'chunked')
    )
  }

  /** Whether the client learns by the connection's end where the body ends. */
  get endsByClose(): boolean {
    const { kind } = this.#framing
    return !this.chunked && (kind === 'until-close' || kind === 'chunked')
  }

  /**
   * Passes bytes on from `start`, after the response's head if that is given, and returns where the body ended.
   * @throws HttpSyntaxError
   */
  relay(bytes: Uint8Array, start: number, head: string, send: Send): number {
    if (this.#passage === 'out-of-chunks') {
      if (head !== '') send(head, nothing, '')
      return this.#reader.read(bytes, start, (from, payloadStart, payloadEnd) =>
        send('', from.subarray(payloadStart, payloadEnd), ''),
      )
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
    return true
  }
}

const nothing = new Uint8Array(0)
