import type { IncomingMessage } from 'node:http'
import { type RestBody, RestFault } from './exchange.ts'
import { buildFormTree } from './form-tree.ts'
import { judgeJsonShape, widest } from './json-shape.ts'
import { parseMultipart } from './multipart.ts'
import { parsePairs } from './urlencoded.ts'

/**
 * Reads and decodes a request's body.
 *
 * @throws RestFault 413 when it is too large, 415 when its type is not known, 400 when it is not what its type says.
 */
export async function readBody(
  message: IncomingMessage,
  options: { readonly maxBytes: number },
): Promise<RestBody> {
  const bytes = await readBytes(message, options)
  const contentType = message.headers['content-type']
  if (contentType === undefined) {
    if (bytes.length === 0) return { kind: 'none' }
    throw new RestFault(415, {})
  }
  return decodeBody(bytes, contentType)
}

/** Whether the request says itself that it is too large; then nothing of it need be read. */
export function announcesTooMuch(
  message: IncomingMessage,
  { maxBytes }: { readonly maxBytes: number },
): boolean {
  return Number(message.headers['content-length'] ?? 0) > maxBytes
}

export function tooLarge(): RestFault {
  return new RestFault(413, { message: 'Request body is too large' })
}

async function readBytes(
  message: IncomingMessage,
  { maxBytes }: { readonly maxBytes: number },
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  return new Promise((resolve, reject) => {
    message.on('data', (chunk: Buffer) => {
      length += chunk.length
      // The rest is still read, and dropped: a client that is cut off in mid-sentence may never see the answer.
      if (length > maxBytes) reject(tooLarge())
      else chunks.push(chunk)
    })
    message.on('end', () => resolve(Buffer.concat(chunks)))
    message.on('error', reject)
    message.on('aborted', () => reject(new Error('the client went away')))
  })
}

function decodeBody(bytes: Buffer, contentType: string): RestBody {
  const [type = ''] = contentType.split(';', 1)
  switch (type.trim().toLowerCase()) {
    case 'application/json':
      return { kind: 'json', value: parseJsonObject(bytes) }
    case 'application/x-www-form-urlencoded':
      return { kind: 'form', value: buildFormTree(parsePairs(bytes.toString('utf8'))) }
    case 'multipart/form-data': {
      const pairs = bytes.length === 0 ? [] : parseMultipart(bytes, contentType)
      if (pairs === undefined) throw new RestFault(400, { message: 'Cannot parse multipart body' })
      return { kind: 'form', value: buildFormTree(pairs) }
    }
    default:
      throw new RestFault(415, {})
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parseJsonObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  const value = parseJson(bytes)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RestFault(400, { message: 'Cannot parse JSON body' })
  }
  // To copy a large object would take long.
  const object: Readonly<Record<string, unknown>> = Object.setPrototypeOf(value, null)
  return object
}

function parseJson(bytes: Buffer): unknown {
  const shape = judgeJsonShape(bytes)
  if (shape === 'too wide') {
    const message = `Cannot parse JSON body: an object may have at most ${widest} names`
    throw new RestFault(400, { message })
  }
  if (shape === 'too deep') return undefined
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    return undefined
  }
}
