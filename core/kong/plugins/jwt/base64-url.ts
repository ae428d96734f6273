/** Decodes base64 in either alphabet, with or without padding; undefined = it is none. */
export function decodeBase64(text: string): Buffer | undefined {
  const bare = text.replace(/={1,3}$/, '')
  if (bare.length % 4 === 1 || !/^[A-Za-z0-9+/_-]*$/.test(bare)) return undefined
  return Buffer.from(bare, 'base64url')
}
