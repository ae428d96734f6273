import type { TcpSegment } from './tcp-segment.ts'

export interface Direction {
  /** Payload bytes, each counted once however often it was sent. */
  readonly bytes: number
  /** The payload from its beginning, without gaps, up to 17 KiB (a whole ClientHello in its records). */
  readonly firstBytes: Uint8Array
  readonly firstPayloadAtMs: number | undefined
}

/** A ClientHello of 16 KiB and the headers of the records it may be spread over. */
const keptBytes = 17 * 1024

/** One direction of a connection: puts segments in order by their sequence numbers. */
export class ByteStream {
  /** Sequence number of the first payload byte. */
  #base: number | undefined
  /** Where the payload seen so far ends, counted from the base; beyond 2³² too. */
  #end = 0
  readonly #chunks: { readonly offset: number; readonly bytes: Uint8Array }[] = []
  #firstPayloadAtMs: number | undefined
  finished = false

  add(segment: TcpSegment, atMs: number): void {
    const first = (segment.sequence + (segment.syn ? 1 : 0)) >>> 0
    this.#base ??= first
    if (segment.fin) this.finished = true
    if (segment.payloadLength === 0) return
    this.#firstPayloadAtMs ??= atMs
    const offset = this.#unwrap(first)
    // A segment that begins before the base belongs to an older part of a connection joined half-way.
    if (offset < 0) return
    this.#end = Math.max(this.#end, offset + segment.payloadLength)
    if (offset < keptBytes) this.#chunks.push({ offset, bytes: segment.payload })
  }

  get bytes(): number {
    return this.#end
  }

  direction(): Direction {
    return {
      bytes: this.#end,
      firstBytes: this.#firstBytes(),
      firstPayloadAtMs: this.#firstPayloadAtMs,
    }
  }

  /** The distance from the base; sequence numbers wrap at 2³², and a segment is never 2³¹ away from the newest one. */
  #unwrap(sequence: number): number {
    const newest = ((this.#base ?? 0) + this.#end) >>> 0
    return this.#end + ((sequence - newest) | 0)
  }

  #firstBytes(): Uint8Array {
    const parts: Uint8Array[] = []
    let end = 0
    for (const { offset, bytes } of this.#chunks.toSorted((a, b) => a.offset - b.offset)) {
      if (offset > end) break
      const unseen = bytes.subarray(end - offset)
      parts.push(unseen)
      end += unseen.length
    }
    return Buffer.concat(parts).subarray(0, keptBytes)
  }
}
