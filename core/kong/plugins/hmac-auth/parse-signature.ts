/** What an Authorization header of the scheme `hmac` says. */
export interface HmacSignature {
  readonly username: string
  readonly algorithm: string
  /** What was signed, in this order: names of headers, and `request-line`. */
  readonly headers: readonly string[]
  /** Base64. */
  readonly signature: string
}

const shape =
  /^[Hh]mac\s*username="([^"]+)",\s*algorithm="([^"]+)",\s*headers="([^"]+)",\s*signature="([^"]+)"/

/** Returns undefined for anything that is not in this format. */
export function parseHmacSignature(header: string | undefined): HmacSignature | undefined {
  const [, username, algorithm, headers, signature] = shape.exec(header?.trim() ?? '') ?? []
  if (username === undefined || algorithm === undefined) return undefined
  if (headers === undefined || signature === undefined) return undefined
  return { username, algorithm, headers: headers.split(' '), signature }
}
