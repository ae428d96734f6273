/** What an Authorization header of the scheme Basic (RFC 7617) says. */
export interface UserAndPassword {
  readonly username: string
  readonly password: string
}

/** Returns undefined for anything that is not in this format. */
export function parseBasic(header: string | undefined): UserAndPassword | undefined {
  const [, encoded] = /^[Bb]asic\s*([A-Za-z0-9+/]+={0,2})$/.exec(header?.trim() ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) return undefined
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
