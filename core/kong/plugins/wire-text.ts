/**
 * The text of a header value or request target, which are kept with one character for each byte. What is not UTF-8
 * stays as it is.
 */
export function wireText(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes) || /[^\0-\xff]/.test(bytes)) return bytes
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return bytes
  }
}

const utf8 = new TextDecoder('utf8', { fatal: true })
