import type { HeaderField } from '#core/codec/http1-header-field.ts'

/** Speak of an HTTP/1.1 connection or its framing; RFC 9113 section 8.2.2 forbids them. */
const notInHttp2 = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Names (lower case) and values in turn, without those that HTTP/2 does not have. */
export function http2Fields(fields: readonly HeaderField[]): string[] {
  return fields.filter(({ key }) => !notInHttp2.has(key)).flatMap(({ key, value }) => [key, value])
}

/** The header list of a response. */
export function http2ResponseHeaders(status: number, fields: readonly HeaderField[]): string[] {
  return [':status', String(status), ...http2Fields(fields)]
}
