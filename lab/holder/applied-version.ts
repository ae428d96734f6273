import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { parseApplied } from '#core/node/applied-line.ts'
import { sizeOf } from './line-reader.ts'

/** How many changes of its store the node of a prefix goes by, as the end of its log tells; undefined when it does not. */
export function appliedChanges(prefix: string): number | undefined {
  const file = join(prefix, 'logs/error.log')
  const size = sizeOf(file)
  for (const length of [lastBytes, size]) {
    const start = Math.max(0, size - length)
    const line = readText(file, start, size - start)
      .split('\n')
      .findLast((each) => parseApplied(each) !== undefined)
    const version = line === undefined ? undefined : parseApplied(line)?.version
    // Before the dot is how often it was told to reload.
    if (version !== undefined) return Number(version.split('.')[1])
    if (start === 0) return undefined
  }
  return undefined
}

/** Of a log that tells much, the end is nearly always enough. */
const lastBytes = 256 * 1024

function readText(file: string, position: number, length: number): string {
  if (length === 0) return ''
  const fd = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(length)
    return bytes.toString('latin1', 0, readSync(fd, bytes, 0, length, position))
  } finally {
    closeSync(fd)
  }
}
