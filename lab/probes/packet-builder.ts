import { renderIpv4, renderIpv6 } from './ip-text.ts'

/** Packets for tests of the readers: built from the documents, independently of the code that reads them. */
export interface PacketSpec {
  readonly family?: 4 | 6
  /** Last byte of the address: 10.0.0.x or fd00::x. */
  readonly from?: number
  readonly to?: number
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly sequence?: number
  readonly flags?: string
  readonly payload?: string | Uint8Array
}

export const clientAddress = { 4: renderIpv4(ip4(2)), 6: renderIpv6(ip6(2)) }
export const serverAddress = { 4: renderIpv4(ip4(5)), 6: renderIpv6(ip6(5)) }

export function ethernet(spec: PacketSpec, vlans: readonly number[] = []): Buffer {
  const tags = vlans.map((id) => Buffer.concat([uint16(0x8100), uint16(id)]))
  const type = uint16(spec.family === 6 ? 0x86dd : 0x0800)
  return Buffer.concat([Buffer.alloc(12), ...tags, type, ipPacket(spec)])
}

export function ipPacket(spec: PacketSpec): Buffer {
  const { family = 4, from = 2, to = 5 } = spec
  const tcp = tcpSegment(spec)
  if (family === 6) {
    const header = Buffer.alloc(40)
    header[0] = 0x60
    header.writeUInt16BE(tcp.length, 4)
    header[6] = 6
    header.set(ip6(from), 8)
    header.set(ip6(to), 24)
    return Buffer.concat([header, tcp])
  }
  const header = Buffer.alloc(20)
  header[0] = 0x45
  header.writeUInt16BE(20 + tcp.length, 2)
  header[9] = 6
  header.set(ip4(from), 12)
  header.set(ip4(to), 16)
  return Buffer.concat([header, tcp])
}

export function pcap(
  frames: readonly Uint8Array[],
  { littleEndian = true, nanoseconds = false, linkType = 1 } = {},
): Buffer {
  const write32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    if (littleEndian) bytes.writeUInt32LE(value)
    else bytes.writeUInt32BE(value)
    return bytes
  }
  const magic = write32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4)
  const rest = [0, 0, 0, 262_144, linkType].map(write32)
  // Frame n is taken at second n and n ms.
  const records = frames.flatMap((frame, index) => [
    ...[index, index * (nanoseconds ? 1_000_000 : 1000), frame.length, frame.length].map(write32),
    frame,
  ])
  return Buffer.concat([magic, ...rest, ...records])
}

function tcpSegment(spec: PacketSpec): Buffer {
  const { sourcePort = 40_000, destinationPort = 80, sequence = 0, flags = 'A' } = spec
  const header = Buffer.alloc(20)
  header.writeUInt16BE(sourcePort, 0)
  header.writeUInt16BE(destinationPort, 2)
  header.writeUInt32BE(sequence >>> 0, 4)
  header[12] = 5 << 4
  header[13] = Array.from(flags).reduce((bits, flag) => bits | (1 << 'FSRPA'.indexOf(flag)), 0)
  return Buffer.concat([header, Buffer.from(spec.payload ?? '')])
}

function ip4(last: number): Uint8Array {
  return Uint8Array.of(10, 0, 0, last)
}

function ip6(last: number): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes.set([0xfd, 0], 0)
  bytes[15] = last
  return bytes
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
