/** Kong 1.1 takes what is nested deeper for malformed. */
const deepest = 1000

/** Names in one object. Nothing that is asked for has that many, and reading them all would stop everybody else. */
export const widest = 10_000

/**
 * Whether a JSON text is nested too deep, or has an object of too many names, to be worth reading; costs one look at
 * each byte. A text that is no JSON may pass.
 */
export function judgeJsonShape(bytes: Uint8Array): 'fine' | 'too deep' | 'too wide' {
  // How many names each of the open objects and lists has had so far.
  const names = [0]
  let inText = false
  for (let at = 0; at < bytes.length; at += 1) {
    const byte: number = bytes[at] ?? 0
    if (inText) {
      if (byte === backslash) at += 1
      else if (byte === quote) inText = false
      continue
    }
    switch (byte) {
      case quote:
        inText = true
        break
      case openBracket:
      case openBrace:
        if (names.push(0) > deepest + 1) return 'too deep'
        break
      case closeBracket:
      case closeBrace:
        names.pop()
        break
      case colon: {
        const count = (names.pop() ?? 0) + 1
        if (count > widest) return 'too wide'
        names.push(count)
        break
      }
      default:
    }
  }
  return 'fine'
}

const quote = 0x22
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
