/** The distinguished encoding of ASN.1 values (X.690), as far as certificates need it. */

export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

export interface DerValue {
  readonly tag: number
  readonly content: Buffer
  /** The whole value, with its tag and length. */
  readonly encoded: Buffer
}

export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(content.length)]), content])
}

/** Content octets of a positive INTEGER, as short as they can be. */
export function positiveInteger(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  const short = first === -1 ? Uint8Array.of(0) : bytes.subarray(first)
  return Buffer.from((short[0] ?? 0) < 0x80 ? short : [0, ...short])
}

/** @param dotted Such as `2.5.4.3`. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(derTag.objectIdentifier, Buffer.from([40 * first + second, ...rest.flatMap(base128)]))
}

/** UTCTime up to 2049, GeneralizedTime from then on (RFC 5280, section 4.1.2.5); seconds are the finest. */
export function derTime(date: Date): Buffer {
  const digits = `${date.toISOString().slice(0, 19).replaceAll(/\D/g, '')}Z`
  return date.getUTCFullYear() < 2050
    ? der(derTag.utcTime, Buffer.from(digits.slice(2)))
    : der(derTag.generalizedTime, Buffer.from(digits))
}

/**
 * The values that stand one after the other.
 * @throws RangeError when the bytes end within one.
 */
export function parseDer(bytes: Buffer): readonly DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length;) {
    const { start, length } = contentOf(bytes, at)
    const end = start + length
    if (end > bytes.length) throw new RangeError('A DER value goes on after the end of its bytes')
    values.push({
      tag: bytes.readUInt8(at),
      content: bytes.subarray(start, end),
      encoded: bytes.subarray(at, end),
    })
    at = end
  }
  return values
}

function contentOf(bytes: Buffer, at: number): { readonly start: number; readonly length: number } {
  const short = bytes.readUInt8(at + 1)
  if (short < 0x80) return { start: at + 2, length: short }
  const octets = short & 0x7f
  return { start: at + 2 + octets, length: bytes.readUIntBE(at + 2, octets) }
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff)
  return [0x80 | octets.length, ...octets]
}

function base128(value: number): number[] {
  const octets = [value & 0x7f]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) octets.unshift(0x80 | (rest & 0x7f))
  return octets
}
