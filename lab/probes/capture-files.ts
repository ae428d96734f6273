import { readFile, stat } from 'node:fs/promises'
import { parsePcap, type PcapFile } from './pcap.ts'

/**
 * Reads the files that tcpdump rotates, `<file>0` and on, while it writes: those that hold packets, in the order of
 * these, as they were at one moment. None but the last has changed since it was read, so nothing is missing between.
 *
 * @throws {SyntaxError} When one of them is no capture file.
 */
export async function readCaptureFiles(file: string, count: number): Promise<readonly PcapFile[]> {
  const names = Array.from({ length: count }, (_, index) => `${file}${index}`)
  for (;;) {
    const read = await Promise.all(names.map((name) => readPcap(name)))
    const sizes = await Promise.all(names.map((name) => sizeOf(name)))
    const files = read
      .map((each, index) => ({ ...each, changed: each.size !== sizes[index] }))
      .filter(({ frames }) => frames.length > 0)
      .toSorted((a, b) => (firstNs(a) < firstNs(b) ? -1 : 1))
    if (!files.slice(0, -1).some(({ changed }) => changed)) return files
  }
}

const headerLength = 24

interface ReadPcap extends PcapFile {
  readonly size: number
}

async function readPcap(name: string): Promise<ReadPcap> {
  const bytes = await readFile(name).catch(() => Buffer.alloc(0))
  // It is not there yet, or tcpdump has only just made it.
  if (bytes.length < headerLength) {
    return { linkType: 0, frames: [], cut: true, size: bytes.length }
  }
  return { ...parsePcap(bytes), size: bytes.length }
}

async function sizeOf(name: string): Promise<number> {
  const found = await stat(name).catch(() => undefined)
  return found?.size ?? 0
}

function firstNs({ frames }: PcapFile): bigint {
  return frames[0]?.atNs ?? 0n
}
