/** Thrown by a `ByteReader` that is asked for more than there is. */
export class EndOfBytes extends Error {}

/** Walks over bytes in network byte order. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  uint(width: number): number {
    let value = 0
    for (const byte of this.bytes(width)) value = value * 256 + byte
    return value
  }

  /** The next bytes, not copied. */
  bytes(length: number): Uint8Array {
    if (length > this.remaining) throw new EndOfBytes()
    const start = this.#offset
    this.#offset += length
    return this.#bytes.subarray(start, this.#offset)
  }

  /** A reader of the next bytes alone. */
  take(length: number): ByteReader {
    return new ByteReader(this.bytes(length))
  }

  /** A reader of a vector: its length stands before it, in that many bytes (RFC 8446 section 3.4). */
  vector(lengthWidth: number): ByteReader {
    return this.take(this.uint(lengthWidth))
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining)
  }

  text(): string {
    return Buffer.from(this.rest()).toString('latin1')
  }
}
