import { BodyReader } from '#core/codec/http1-body.ts'
import type { BodyFraming } from '#core/codec/http1-message.ts'
import { HttpSyntaxError } from '#core/codec/http1-syntax-error.ts'

/** A body up to this size is kept while it is sent, so that another upstream connection can be tried. */
const maxKeptBytes = 64 * 1024

export interface RequestBodyOptions {
  /** 0 = no limit. */
  readonly maxBytes: number
  /** Whether the request may be sent more than once. */
  readonly repeatable: boolean
}

/** The body of a request on its way to an upstream. */
export class RequestBody {
  readonly #reader: BodyReader
  readonly #maxBytes: number
  #repeatable: boolean
  #kept: Buffer[] = []
  #keptBytes = 0

  constructor(framing: BodyFraming, { maxBytes, repeatable }: RequestBodyOptions) {
    this.#reader = new BodyReader(framing)
    this.#maxBytes = maxBytes
    this.#repeatable = repeatable
  }

  get done(): boolean {
    return this.#reader.done
  }

  /** Whether the request can be sent once more: `kept` is then all that was taken so far. */
  get repeatable(): boolean {
    return this.#repeatable
  }

  get kept(): Uint8Array {
    return this.#keptBytes === 0 ? nothing : Buffer.concat(this.#kept)
  }

  /** Whether any byte of it has arrived. */
  get begun(): boolean {
    return this.#reader.payloadBytes > 0
  }

  /**
   * Takes bytes from `start` on and returns where the body ended.
   * @throws HttpSyntaxError 413 when the body grows beyond the limit.
   */
  take(bytes: Uint8Array, start: number): number {
    const end = this.#reader.read(bytes, start)
    if (this.#maxBytes > 0 && this.#reader.payloadBytes > this.#maxBytes) {
      throw new HttpSyntaxError(413, `The request body is larger than ${this.#maxBytes} bytes`)
    }
    if (this.#repeatable) this.#keep(bytes.subarray(start, end))
    return end
  }

  /** Takes bytes that nobody wants any more, and returns where the body ended. */
  discard(bytes: Uint8Array, start: number): number {
    return this.#reader.read(bytes, start)
  }

  #keep(piece: Uint8Array): void {
    this.#keptBytes += piece.length
    if (this.#keptBytes <= maxKeptBytes) {
      this.#kept.push(Buffer.from(piece))
      return
    }
    this.#repeatable = false
    this.#kept = []
    this.#keptBytes = 0
  }
}

const nothing = new Uint8Array(0)
