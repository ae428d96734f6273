import { renderIpv4, renderIpv6 } from './ip-text.ts'

/** One TCP segment with its addresses, as a packet carried it. */
export interface TcpSegment {
  readonly source: Endpoint
  readonly destination: Endpoint
  readonly sequence: number
  readonly syn: boolean
  readonly ack: boolean
  readonly fin: boolean
  readonly rst: boolean
  /** Bytes sent; more than `payload.length` when the capture cut the frame. */
  readonly payloadLength: number
  readonly payload: Uint8Array
}

export interface Endpoint {
  readonly address: string
  readonly port: number
}

const etherTypes = { ipv4: 0x0800, ipv6: 0x86dd, vlan: 0x8100, serviceVlan: 0x88a8 }
const linkTypes = { nullLoopback: 0, ethernet: 1, linuxCooked2: 276 }
const protocolTcp = 6

/** Extension headers that may stand before TCP (RFC 8200 section 4.1): hop-by-hop, routing, destination options. */
const skippedExtensions = new Set([0, 43, 60])

/** Reads a frame; undefined when it is not TCP, is a later fragment, or is too short to tell. */
export function parseTcpSegment(linkType: number, frame: Uint8Array): TcpSegment | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const start = networkHeader(linkType, view)
  if (start === undefined || start >= view.byteLength) return undefined
  const version = view.getUint8(start) >> 4
  if (version === 4) return parseIpv4(frame, view, start)
  if (version === 6) return parseIpv6(frame, view, start)
  return undefined
}

/** Where the IP header begins. */
function networkHeader(linkType: number, view: DataView): number | undefined {
  if (linkType === linkTypes.nullLoopback) return 4
  if (linkType === linkTypes.linuxCooked2) return view.byteLength < 20 ? undefined : 20
  if (linkType !== linkTypes.ethernet) return undefined
  let offset = 12
  while (offset + 2 <= view.byteLength) {
    const type = view.getUint16(offset)
    if (type === etherTypes.ipv4 || type === etherTypes.ipv6) return offset + 2
    if (type !== etherTypes.vlan && type !== etherTypes.serviceVlan) return undefined
    offset += 4
  }
  return undefined
}

function parseIpv4(frame: Uint8Array, view: DataView, start: number): TcpSegment | undefined {
  if (start + 20 > frame.length) return undefined
  const headerLength = (view.getUint8(start) & 0x0f) * 4
  if (headerLength < 20 || view.getUint8(start + 9) !== protocolTcp) return undefined
  const fragmentOffset = view.getUint16(start + 6) & 0x1fff
  if (fragmentOffset !== 0) return undefined
  const totalLength = view.getUint16(start + 2)
  // Segmentation offload hands over packets beyond 64 KiB with a length of zero.
  const end = totalLength === 0 ? frame.length : start + totalLength
  return parseTcp(frame, view, start + headerLength, end, {
    source: renderIpv4(frame.subarray(start + 12, start + 16)),
    destination: renderIpv4(frame.subarray(start + 16, start + 20)),
  })
}

function parseIpv6(frame: Uint8Array, view: DataView, start: number): TcpSegment | undefined {
  if (start + 40 > frame.length) return undefined
  const payloadLength = view.getUint16(start + 4)
  const end = payloadLength === 0 ? frame.length : start + 40 + payloadLength
  let protocol = view.getUint8(start + 6)
  let offset = start + 40
  while (skippedExtensions.has(protocol)) {
    if (offset + 2 > frame.length) return undefined
    protocol = view.getUint8(offset)
    offset += (view.getUint8(offset + 1) + 1) * 8
  }
  if (protocol !== protocolTcp) return undefined
  return parseTcp(frame, view, offset, end, {
    source: renderIpv6(frame.subarray(start + 8, start + 24)),
    destination: renderIpv6(frame.subarray(start + 24, start + 40)),
  })
}

function parseTcp(
  frame: Uint8Array,
  view: DataView,
  start: number,
  /** Where the IP packet ends: before the frame does when Ethernet padded it, after it when the capture cut it. */
  end: number,
  addresses: { readonly source: string; readonly destination: string },
): TcpSegment | undefined {
  if (start + 20 > Math.min(end, frame.length)) return undefined
  const headerLength = (view.getUint8(start + 12) >> 4) * 4
  if (headerLength < 20 || start + headerLength > end) return undefined
  const flags = view.getUint8(start + 13)
  const payload = frame.subarray(start + headerLength, Math.max(start + headerLength, end))
  return {
    source: { address: addresses.source, port: view.getUint16(start) },
    destination: { address: addresses.destination, port: view.getUint16(start + 2) },
    sequence: view.getUint32(start + 4),
    fin: (flags & 0x01) !== 0,
    syn: (flags & 0x02) !== 0,
    rst: (flags & 0x04) !== 0,
    ack: (flags & 0x10) !== 0,
    payloadLength: end - start - headerLength,
    payload,
  }
}
