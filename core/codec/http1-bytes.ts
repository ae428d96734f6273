/** Byte classes of RFC 9110 section 5 and RFC 9112 section 3: 1 where the byte belongs to the class. */

const tokenCharacters =
  "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

export const tokenBytes: Uint8Array = classOf((byte) =>
  tokenCharacters.includes(String.fromCharCode(byte)),
)

/** HTAB, SP, VCHAR and obs-text. */
export const valueBytes: Uint8Array = classOf((byte) => byte === 9 || (byte >= 32 && byte !== 127))

/** Visible ASCII without `#`: a fragment never travels in a request target. */
export const targetBytes: Uint8Array = classOf((byte) => byte > 32 && byte < 127 && byte !== 35)

/** What nginx takes for a method: upper-case letters, `-` and `_`. */
export const methodBytes: Uint8Array = classOf(
  (byte) => (byte >= 65 && byte <= 90) || byte === 45 || byte === 95,
)

/** Each byte with ASCII letters made lower case. */
export const lowerCase: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 65 && byte <= 90 ? byte + 32 : byte,
)

export const TAB = 9
export const LF = 10
export const CR = 13
export const SPACE = 32
export const COLON = 58

function classOf(contains: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (contains(byte) ? 1 : 0))
}
