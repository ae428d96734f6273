/** A text as header values are kept, one character for each byte: UTF-8. The reverse of `wireText`. */
export function wireBytes(text: string): string {
  return Buffer.from(text).toString('latin1')
}
