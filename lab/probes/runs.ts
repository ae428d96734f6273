import type { Direction, Piece } from './byte-stream.ts'
import type { Frame } from './pcap.ts'

/** Captured payload without a gap in it. */
export interface Run {
  /** Of its first byte, counted from the beginning of the direction. */
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Joins the pieces of a direction; more than one run: between them the capture misses bytes. */
export function joinRuns({ pieces }: Pick<Direction, 'pieces'>): readonly Run[] {
  const runs: { offset: number; parts: Uint8Array[]; end: number }[] = []
  for (const { offset, bytes } of pieces) {
    const last = runs.at(-1)
    if (last?.end === offset) {
      last.parts.push(bytes)
      last.end += bytes.length
    } else {
      runs.push({ offset, parts: [bytes], end: offset + bytes.length })
    }
  }
  return runs.map(({ offset, parts }) => ({ offset, bytes: Buffer.concat(parts) }))
}

/** How many payload bytes were sent that no captured frame holds. */
export function missingBytes({ bytes, pieces }: Pick<Direction, 'bytes' | 'pieces'>): number {
  return bytes - pieces.reduce((sum, piece) => sum + piece.bytes.length, 0)
}

/** The frame that carried the byte at that offset. */
export function frameAt({ pieces }: Pick<Direction, 'pieces'>, offset: number): Frame | undefined {
  const holds = ({ offset: start, bytes }: Piece): boolean =>
    offset >= start && offset < start + bytes.length
  return pieces.find(holds)?.frame
}
