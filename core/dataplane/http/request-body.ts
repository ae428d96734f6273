import { BodyReader } from '#core/codec/http1-body.ts'
import type { BodyFraming } from '#core/codec/http1-message.ts'
import { HttpSyntaxError } from '#core/codec/http1-syntax-error.ts'
import { BodyTooLargeError } from '#core/model/http-filter.ts'
import type { OutgoingBody } from './outgoing-body.ts'

/** A body up to this size is kept while it is sent, so that another upstream connection can be tried. */
const maxKeptBytes = 64 * 1024

export interface RequestBodyOptions {
  /** 0 = no limit. */
  readonly maxBytes: number
  /** Whether the request may be sent more than once. */
  readonly repeatable: boolean
}

interface Collector extends PromiseWithResolvers<Buffer> {
  readonly maxBytes: number
}

/** The body of a request on its way to an upstream. */
export class RequestBody implements OutgoingBody {
  readonly #reader: BodyReader
  readonly #framing: BodyFraming
  readonly #maxBytes: number
  #repeatable: boolean
  #kept: Buffer[] = []
  #keptBytes = 0
  #receivedBytes = 0
  #collector: Collector | undefined

  constructor(framing: BodyFraming, { maxBytes, repeatable }: RequestBodyOptions) {
    this.#reader = new BodyReader(framing)
    this.#framing = framing
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

  /** Bytes that arrived of it, framing of chunks included. */
  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /** Whether somebody waits for all of it before it is sent on. */
  get collecting(): boolean {
    return this.#collector !== undefined
  }

  /**
   * Takes bytes from `start` on and returns where the body ended.
   * @throws HttpSyntaxError 413 when the body grows beyond the limit.
   */
  take(bytes: Uint8Array, start: number): number {
    const end = this.#read(bytes, start)
    if (this.#maxBytes > 0 && this.#reader.payloadBytes > this.#maxBytes) {
      throw new HttpSyntaxError(413, `The request body is larger than ${this.#maxBytes} bytes`)
    }
    if (this.#collector !== undefined) this.#collect(bytes.subarray(start, end), this.#collector)
    else if (this.#repeatable) this.#keep(bytes.subarray(start, end))
    return end
  }

  /** Takes bytes that nobody wants any more, and returns where the body ended. */
  discard(bytes: Uint8Array, start: number): number {
    return this.#read(bytes, start)
  }

  /**
   * Keeps the body as it is taken and resolves with its content once it is complete. Only before any of it was sent on.
   * Rejects with BodyTooLargeError above `maxBytes`; what was kept until then is still there to be sent.
   */
  collect(maxBytes: number): Promise<Buffer> {
    const framing = this.#framing
    const length = framing.kind === 'length' ? framing.length : this.#reader.payloadBytes
    if (length > maxBytes) {
      return Promise.reject(new BodyTooLargeError(maxBytes))
    }
    if (this.done) return Promise.resolve(this.#content())
    const collector = { ...Promise.withResolvers<Buffer>(), maxBytes }
    // Whoever asked may have gone on to something else; its failure must not end the process.
    collector.promise.catch(() => {})
    this.#collector = collector
    return collector.promise
  }

  /** Nobody need wait for all of it any more. */
  cutOff(reason: string): void {
    if (this.#collector === undefined) return
    this.#collector.reject(new Error(reason))
    this.#collector = undefined
  }

  wasSent(): void {
    if (!this.#repeatable) this.#drop()
  }

  #read(bytes: Uint8Array, start: number): number {
    const end = this.#reader.read(bytes, start)
    this.#receivedBytes += end - start
    return end
  }

  #collect(piece: Uint8Array, { maxBytes, resolve, reject }: Collector): void {
    this.#kept.push(Buffer.from(piece))
    this.#keptBytes += piece.length
    if (this.#reader.payloadBytes > maxBytes) reject(new BodyTooLargeError(maxBytes))
    else if (this.#reader.done) resolve(this.#content())
    else return
    this.#collector = undefined
  }

  /** What was kept, without the framing of chunks. */
  #content(): Buffer {
    const raw = Buffer.concat(this.#kept)
    if (this.#framing.kind !== 'chunked') return raw
    const pieces: Uint8Array[] = []
    new BodyReader(this.#framing).read(raw, 0, (bytes, start, end) =>
      pieces.push(bytes.subarray(start, end)),
    )
    return Buffer.concat(pieces)
  }

  #keep(piece: Uint8Array): void {
    this.#keptBytes += piece.length
    if (this.#keptBytes <= maxKeptBytes) {
      this.#kept.push(Buffer.from(piece))
      return
    }
    this.#repeatable = false
    this.#drop()
  }

  #drop(): void {
    this.#kept = []
    this.#keptBytes = 0
  }
}

const nothing = new Uint8Array(0)
