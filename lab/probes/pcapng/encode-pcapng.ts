import {
  blockType,
  byteOrderMagic,
  option,
  tlsKeyLogSecrets,
  type PcapngFile,
  type PcapngInterface,
  type PcapngPacket,
} from './pcapng.ts'

/**
 * Writes a capture file of one section, little-endian, with times in ns. The secrets stand before the packets, so that a
 * program that reads the file once can decrypt them.
 */
export function encodePcapng(file: PcapngFile): Uint8Array {
  return Buffer.concat([
    sectionBlock(file),
    ...file.interfaces.map(interfaceBlock),
    ...(file.keyLog === '' ? [] : [secretsBlock(file.keyLog)]),
    ...file.packets.map(packetBlock),
  ])
}

const nanoseconds = 9
const longestOption = 0xffff

/** How a file begins. */
export function sectionBlock({
  comments,
  application,
}: Pick<PcapngFile, 'application' | 'comments'>): Buffer {
  const fixed = Buffer.alloc(16)
  fixed.writeUInt32LE(byteOrderMagic)
  fixed.writeUInt16LE(1, 4) // major version; the minor one is 0
  fixed.writeBigInt64LE(-1n, 8) // length of the section: not said
  return block(blockType.section, [
    fixed,
    ...options([
      ...comments.map((text) => [option.comment, text] as const),
      [option.sectionApplication, application],
    ]),
  ])
}

/** Interfaces are numbered in the order of these. */
export function interfaceBlock({
  name,
  description,
  linkType,
  snapLength,
}: PcapngInterface): Buffer {
  const fixed = Buffer.alloc(8)
  fixed.writeUInt16LE(linkType)
  fixed.writeUInt32LE(snapLength, 4)
  return block(blockType.interface, [
    fixed,
    ...options([
      [option.interfaceName, name],
      [option.interfaceDescription, description],
      [option.timeResolution, Uint8Array.of(nanoseconds)],
    ]),
  ])
}

/** For the packets behind it; text of the NSS key log format. */
export function secretsBlock(keyLog: string): Buffer {
  const secrets = Buffer.from(keyLog)
  const fixed = Buffer.alloc(8)
  fixed.writeUInt32LE(tlsKeyLogSecrets)
  fixed.writeUInt32LE(secrets.length, 4)
  return block(blockType.secrets, [fixed, padded(secrets)])
}

/** Behind the block of its interface. */
export function packetBlock(packet: PcapngPacket): Buffer {
  const fixed = Buffer.alloc(20)
  fixed.writeUInt32LE(packet.interface)
  fixed.writeUInt32LE(Number(packet.atNs >> 32n), 4)
  fixed.writeUInt32LE(Number(packet.atNs & 0xffff_ffffn), 8)
  fixed.writeUInt32LE(packet.bytes.length, 12)
  fixed.writeUInt32LE(packet.originalLength, 16)
  return block(blockType.enhancedPacket, [
    fixed,
    padded(packet.bytes),
    ...options(packet.comments.map((text) => [option.comment, text] as const)),
  ])
}

/** The length stands at both ends, so that a file can be read backwards too. */
function block(type: number, parts: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(8)
  const tail = Buffer.alloc(4)
  const length = parts.reduce((sum, part) => sum + part.length, head.length + tail.length)
  head.writeUInt32LE(type)
  head.writeUInt32LE(length, 4)
  tail.writeUInt32LE(length)
  return Buffer.concat([head, ...parts, tail])
}

type Option = readonly [code: number, value: string | Uint8Array | undefined]

function options(wanted: readonly Option[]): readonly Uint8Array[] {
  const written = wanted.flatMap(([code, value]) => {
    if (value === undefined) return []
    const bytes = Buffer.from(value).subarray(0, longestOption)
    const head = Buffer.alloc(4)
    head.writeUInt16LE(code)
    head.writeUInt16LE(bytes.length, 2)
    return [head, padded(bytes)]
  })
  return written.length === 0 ? [] : [...written, Buffer.alloc(4)]
}

function padded(bytes: Uint8Array): Uint8Array {
  const rest = (4 - (bytes.length % 4)) % 4
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(rest)])
}
