import { isIPv4, isIPv6 } from 'node:net'

/** What a PROXY header says. */
export interface ProxyHeader {
  /** Bytes of the header: what follows is the client's. */
  readonly length: number
  /** The client; undefined = the peer speaks for itself, or for somebody without an IP address. */
  readonly source: { readonly address: string; readonly port: number } | undefined
}

/** Longest header of version 1, its CRLF included. */
const maxTextBytes = 107
/** Longest header of version 2, its TLVs included. Longer ones are malformed to us. */
const maxBinaryBytes = 4096

/**
 * Reads the PROXY header (versions 1 and 2 of HAProxy's "The PROXY protocol") at the beginning of a connection. Never
 * throws; call it again with more bytes behind the same ones while it says `need-more`. Bytes that no header begins with
 * are `invalid` at once, however few they are.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | 'need-more' | 'invalid' {
  return bytes[0] === binarySignature[0] ? readBinary(bytes) : readText(bytes)
}

const textSignature = Buffer.from('PROXY ')
const port = '(0|[1-9]\\d{0,4})'
const textLine = new RegExp(`^PROXY TCP([46]) ([\\da-fA-F.:]+) ([\\da-fA-F.:]+) ${port} ${port}$`)

function readText(bytes: Uint8Array): ProxyHeader | 'need-more' | 'invalid' {
  if (!begins(bytes, textSignature)) return 'invalid'
  const end = bytes.indexOf(LF)
  if (end === -1) {
    // The last byte may be the CR of a line that is not complete yet.
    const soFar = bytes.subarray(0, bytes.at(-1) === CR ? -1 : bytes.length)
    return bytes.length < maxTextBytes && soFar.every(isPrintable) ? 'need-more' : 'invalid'
  }
  if (end >= maxTextBytes || bytes[end - 1] !== CR) return 'invalid'
  const text = bytes.subarray(0, end - 1)
  if (!text.every(isPrintable)) return 'invalid'
  const line = Buffer.from(text).toString('latin1')
  const length = end + 1
  // What stands behind UNKNOWN is to be ignored.
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) {
    return { length, source: undefined }
  }
  const [, family, from, to, fromPort, toPort] = textLine.exec(line) ?? []
  if (from === undefined || to === undefined) return 'invalid'
  const isAddress = family === '4' ? isIPv4 : isIPv6
  const ports = [Number(fromPort), Number(toPort)]
  if (!isAddress(from) || !isAddress(to) || ports.some((number) => number > 65_535))
    return 'invalid'
  return { length, source: { address: from, port: ports[0]! } }
}

const binarySignature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const versionAt = binarySignature.length
const addressesAt = versionAt + 4

function readBinary(bytes: Uint8Array): ProxyHeader | 'need-more' | 'invalid' {
  if (!begins(bytes, binarySignature)) return 'invalid'
  if (bytes.length <= versionAt) return 'need-more'
  const command = bytes[versionAt]! & 15
  if (bytes[versionAt]! >> 4 !== 2 || command > 1) return 'invalid'
  if (bytes.length < addressesAt) return 'need-more'
  const protocol = bytes[versionAt + 1]!
  const content = (bytes[versionAt + 2]! << 8) | bytes[versionAt + 3]!
  const length = addressesAt + content
  if (length > maxBinaryBytes || protocol >> 4 > 3 || (protocol & 15) > 2) return 'invalid'
  const size = protocol >> 4 === 1 ? 4 : protocol >> 4 === 2 ? 16 : 0
  const proxied = command === 1
  // Two addresses and two ports; TLVs may follow.
  if (proxied && content < (size === 0 ? 0 : 2 * size + 4)) return 'invalid'
  if (bytes.length < length) return 'need-more'
  // A datagram's sender is not the client of a stream.
  if (!proxied || size === 0 || (protocol & 15) !== 1) return { length, source: undefined }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset + addressesAt, content)
  const address = size === 4 ? view.subarray(0, 4).join('.') : ipv6(view)
  return { length, source: { address, port: view.readUInt16BE(2 * size) } }
}

/** RFC 5952, or a dotted IPv4 address where it is one in disguise. */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16))
  const { hostname } = new URL(`http://[${groups.join(':')}]`)
  const mapped = groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff'
  return mapped ? bytes.subarray(12, 16).join('.') : hostname.slice(1, -1)
}

/** Whether the bytes are the beginning of a signature, or begin with it. */
function begins(bytes: Uint8Array, signature: Uint8Array): boolean {
  const length = Math.min(bytes.length, signature.length)
  for (let at = 0; at < length; at++) if (bytes[at] !== signature[at]) return false
  return true
}

function isPrintable(byte: number): boolean {
  return byte >= 32 && byte < 127
}

const LF = 10
const CR = 13
