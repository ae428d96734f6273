import type { Frame } from './pcap.ts'
import type { TcpSegment } from './tcp-segment.ts'

export interface Direction {
  /** Payload bytes, each counted once however often it was sent. */
  readonly bytes: number
  /** The payload from its beginning, without gaps, up to 17 KiB (a whole ClientHello in its records). */
  readonly firstBytes: Uint8Array
  readonly firstPayloadAtMs: number | undefined
  /** All of the payload that was captured, in order, no byte twice; where a piece does not begin at the end of the one before it, bytes are missing. */
  readonly pieces: readonly Piece[]
}

/** Payload that one frame carried. */
export interface Piece {
  /** Of its first byte, counted from the beginning of the direction. */
  readonly offset: number
  readonly bytes: Uint8Array
  readonly frame: Frame
}

/** A ClientHello of 16 KiB and the headers of the records it may be spread over. */
const keptBytes = 17 * 1024

/** One direction of a connection: puts segments in order by their sequence numbers. */
export class ByteStream {
  /** Sequence number of the first payload byte. */
  #base: number | undefined
  /** Where the payload seen so far ends, counted from the base; beyond 2³² too. */
  #end = 0
  readonly #chunks: Piece[] = []
  #firstPayloadAtMs: number | undefined
  finished = false

  add(segment: TcpSegment, frame: Frame): void {
    const first = (segment.sequence + (segment.syn ? 1 : 0)) >>> 0
    this.#base ??= first
    if (segment.fin) this.finished = true
    if (segment.payloadLength === 0) return
    this.#firstPayloadAtMs ??= frame.atMs
    const offset = this.#unwrap(first)
    // A segment that begins before the base belongs to an older part of a connection joined half-way.
    if (offset < 0) return
    this.#end = Math.max(this.#end, offset + segment.payloadLength)
    this.#chunks.push({ offset, bytes: segment.payload, frame })
  }

  get bytes(): number {
    return this.#end
  }

  direction(): Direction {
    const pieces = inOrder(this.#chunks)
    return {
      bytes: this.#end,
      firstBytes: firstBytes(pieces),
      firstPayloadAtMs: this.#firstPayloadAtMs,
      pieces,
    }
  }

  /** The distance from the base; sequence numbers wrap at 2³², and a segment is never 2³¹ away from the newest one. */
  #unwrap(sequence: number): number {
    const newest = ((this.#base ?? 0) + this.#end) >>> 0
    return this.#end + ((sequence - newest) | 0)
  }
}

function inOrder(chunks: readonly Piece[]): readonly Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const { offset, bytes, frame } of chunks.toSorted((a, b) => a.offset - b.offset)) {
    const seen = Math.max(0, end - offset)
    if (seen >= bytes.length) continue
    pieces.push({ offset: offset + seen, bytes: bytes.subarray(seen), frame })
    end = offset + bytes.length
  }
  return pieces
}

function firstBytes(pieces: readonly Piece[]): Uint8Array {
  const parts: Uint8Array[] = []
  let end = 0
  for (const { offset, bytes } of pieces) {
    if (offset > end || end >= keptBytes) break
    parts.push(bytes)
    end += bytes.length
  }
  return Buffer.concat(parts).subarray(0, keptBytes)
}
