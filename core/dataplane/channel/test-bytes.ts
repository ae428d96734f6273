import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'

/** Bytes in which no two neighbouring windows of four are alike. */
export function patternedBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at)
  return bytes
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)
    chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Heap and buffers in use, in bytes. */
export function memoryFootprint(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
