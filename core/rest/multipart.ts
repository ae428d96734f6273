import type { Pair } from './urlencoded.ts'

const mostParts = 100
/** Parts without a name count here, too. */
const mostDelimiters = 1000

/**
 * Reads `multipart/form-data` (RFC 7578) into arguments; a file counts as the text it contains. What follows the first
 * 100 parts is not read. Returns undefined when the body is not in that format.
 */
export function parseMultipart(body: Buffer, contentType: string): readonly Pair[] | undefined {
  const boundary = boundaryOf(contentType)
  if (boundary === undefined) return undefined
  const delimiter = Buffer.from(`--${boundary}`)
  const first = body.indexOf(delimiter)
  if (first === -1) return undefined
  const pairs: Pair[] = []
  let start = first + delimiter.length
  const nextDelimiter = Buffer.from(`\r\n--${boundary}`)
  for (let count = 0; ; count += 1) {
    if (count === mostDelimiters || pairs.length === mostParts) return pairs
    if (body.subarray(start, start + 2).equals(dashes)) return pairs
    const lineEnd = body.indexOf('\r\n', start)
    const next = body.indexOf(nextDelimiter, start)
    if (lineEnd === -1 || next === -1) return undefined
    const part = parsePart(body.subarray(lineEnd + 2, Math.max(next, lineEnd + 2)))
    if (part !== undefined) pairs.push(part)
    start = next + 2 + delimiter.length
  }
}

const dashes = Buffer.from('--')

function boundaryOf(contentType: string): string | undefined {
  const [, quoted, plain] =
    /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? []
  return quoted ?? plain
}

/** A part without a name is not an argument. */
function parsePart(part: Buffer): Pair | undefined {
  const headEnd = part.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = part.subarray(0, headEnd).toString('utf8')
  const [, disposition] = /^content-disposition:\s*form-data([^\r\n]*)/im.exec(head) ?? []
  const [, quoted, plain] =
    /;\s*name=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(disposition ?? '') ?? []
  const name = quoted?.replace(/\\(.)/g, '$1') ?? plain
  if (name === undefined || name === '') return undefined
  return { name, value: part.subarray(headEnd + 4).toString('utf8') }
}
