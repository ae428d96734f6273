import { createHash } from 'node:crypto'

/** Bytes that fit in a PostgreSQL index next to the other columns; a B-tree takes rows of about 2,700. */
const longest = 1000

/** Stands for a JSON text in an index: the text itself or, when it is too long for that, its hash, which no JSON is. */
export function indexable(json: string): string {
  return Buffer.byteLength(json) <= longest
    ? json
    : `sha256:${createHash('sha256').update(json).digest('hex')}`
}
