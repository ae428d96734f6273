/** An HTTP/1.1 request as it was written. */
export interface HttpRequestBytes {
  /** Of its first byte. */
  readonly offset: number
  /** Head and body. */
  readonly bytes: Uint8Array
  /** All of it was there; a request that was cut is not. */
  readonly complete: boolean
}

/**
 * The requests that follow each other on a connection; undefined: what it carries does not begin as HTTP. After a request
 * that asks for another protocol, what follows belongs to it.
 */
export function splitHttpRequests(content: Uint8Array): readonly HttpRequestBytes[] | undefined {
  const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString(
    'latin1',
  )
  if (!requestLine.test(text)) return undefined
  const requests: HttpRequestBytes[] = []
  for (let offset = 0; offset < text.length;) {
    const end = endOfRequest(text, offset)
    const bytes = content.subarray(offset, end ?? content.length)
    requests.push({ offset, bytes, complete: end !== undefined })
    offset += bytes.length
  }
  return requests
}

const requestLine = /^[!#$%&'*+.^`|~\w-]+ \S+ HTTP\/1\.\d\r\n/

/** Undefined: it is not all there. */
function endOfRequest(text: string, offset: number): number | undefined {
  const endOfHead = text.indexOf('\r\n\r\n', offset)
  if (endOfHead < 0) return undefined
  const head = text.slice(offset, endOfHead + 2)
  const body = endOfHead + 4
  const isLast = /\r\nconnection:[^\r]*\bupgrade\b/i.test(head) || head.startsWith('CONNECT ')
  if (isLast) return text.length
  if (/\r\ntransfer-encoding:[^\r]*chunked[ \t]*\r\n/i.test(head)) return endOfChunks(text, body)
  const length = Number(/\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n/i.exec(head)?.[1] ?? 0)
  return body + length <= text.length ? body + length : undefined
}

function endOfChunks(text: string, begin: number): number | undefined {
  let at = begin
  for (;;) {
    const endOfLine = text.indexOf('\r\n', at)
    if (endOfLine < 0) return undefined
    const size = Number.parseInt(text.slice(at, endOfLine), 16)
    if (!(size >= 0)) return undefined
    at = endOfLine + 2
    if (size === 0) return endOfTrailers(text, at)
    at += size + 2
    if (at > text.length) return undefined
  }
}

/** Lines up to an empty one. */
function endOfTrailers(text: string, begin: number): number | undefined {
  if (text.startsWith('\r\n', begin)) return begin + 2
  const end = text.indexOf('\r\n\r\n', begin)
  return end < 0 ? undefined : end + 4
}
