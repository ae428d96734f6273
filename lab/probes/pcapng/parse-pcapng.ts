import {
  blockType,
  byteOrderMagic,
  option,
  tlsKeyLogSecrets,
  type PcapngFile,
  type PcapngInterface,
  type PcapngPacket,
} from './pcapng.ts'

export interface ParsedPcapng extends PcapngFile {
  /** The file ends inside a block, as it does while its writer is still at work. */
  readonly cut: boolean
}

/**
 * Reads a pcapng file of one or more sections, in either byte order and any time resolution. Blocks of other kinds are
 * left out; simple packets have the time 0, since they carry none.
 *
 * @throws {SyntaxError} When the bytes are not such a file; a file that only ends early is not an error.
 */
export function parsePcapng(bytes: Uint8Array): ParsedPcapng {
  const found = new Found()
  let offset = 0
  let littleEndian = true
  while (offset + 12 <= bytes.length) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, bytes.length - offset)
    // The type of a section block reads the same in both orders.
    if (view.getUint32(0) === blockType.section) {
      littleEndian = byteOrder(view, offset)
      found.beginSection()
    } else if (offset === 0) {
      throw new SyntaxError(
        `Not a pcapng file: it begins with 0x${view.getUint32(0).toString(16)}.`,
      )
    }
    const length = view.getUint32(4, littleEndian)
    if (length < 12 || length % 4 !== 0) throw damaged(offset, `a block of ${length} bytes`)
    if (length > view.byteLength) break
    const tail = view.getUint32(length - 4, littleEndian)
    if (tail !== length) throw damaged(offset, `a block of ${length} bytes that ends in ${tail}`)
    const body = bytes.subarray(offset + 8, offset + length - 4)
    found.take(view.getUint32(0, littleEndian), new Block(body, littleEndian, offset))
    offset += length
  }
  if (offset === 0) throw new SyntaxError(`Not a pcapng file: it has ${bytes.length} bytes.`)
  return { ...found.file(), cut: offset !== bytes.length }
}

function byteOrder(view: DataView, offset: number): boolean {
  for (const littleEndian of [true, false]) {
    if (view.getUint32(8, littleEndian) === byteOrderMagic) return littleEndian
  }
  throw damaged(offset, 'a section without the byte-order magic')
}

function damaged(offset: number, what: string): SyntaxError {
  return new SyntaxError(`Damaged pcapng file: ${what} at byte ${offset}.`)
}

/** An interface and how its packets count time. */
interface Clocked {
  readonly interface: PcapngInterface
  readonly toNs: (ticks: bigint) => bigint
}

class Found {
  readonly #comments: string[] = []
  readonly #interfaces: Clocked[] = []
  readonly #packets: PcapngPacket[] = []
  readonly #secrets: string[] = []
  #application: string | undefined
  /** Where the interfaces of this section begin: each section counts from 0. */
  #firstInterface = 0

  beginSection(): void {
    this.#firstInterface = this.#interfaces.length
  }

  take(type: number, block: Block): void {
    switch (type) {
      case blockType.section:
        block.skip(16)
        this.#takeSection(block.options())
        break
      case blockType.interface:
        this.#interfaces.push(parseInterface(block))
        break
      case blockType.enhancedPacket:
        this.#takePacket(block)
        break
      case blockType.simplePacket:
        this.#takeSimplePacket(block)
        break
      case blockType.secrets:
        this.#takeSecrets(block)
        break
      default:
    }
  }

  file(): PcapngFile {
    return {
      comments: this.#comments,
      application: this.#application,
      interfaces: this.#interfaces.map((each) => each.interface),
      keyLog: this.#secrets.join(''),
      packets: this.#packets,
    }
  }

  #takeSection(options: Options): void {
    this.#comments.push(...options.texts(option.comment))
    this.#application ??= options.texts(option.sectionApplication)[0]
  }

  #takePacket(block: Block): void {
    const index = this.#firstInterface + block.uint32()
    const clocked = this.#interfaces[index]
    if (clocked === undefined) throw damaged(block.offset, 'a packet of an unknown interface')
    const high = BigInt(block.uint32())
    const atNs = clocked.toNs((high << 32n) | BigInt(block.uint32()))
    const length = block.uint32()
    const originalLength = block.uint32()
    const bytes = block.padded(length)
    const comments = block.options().texts(option.comment)
    this.#packets.push({ interface: index, atNs, bytes, originalLength, comments })
  }

  #takeSimplePacket(block: Block): void {
    const index = this.#firstInterface
    const snapLength = this.#interfaces[index]?.interface.snapLength
    if (snapLength === undefined) throw damaged(block.offset, 'a packet of an unknown interface')
    const originalLength = block.uint32()
    const length = snapLength === 0 ? originalLength : Math.min(originalLength, snapLength)
    const bytes = block.padded(length)
    this.#packets.push({ interface: index, atNs: 0n, bytes, originalLength, comments: [] })
  }

  #takeSecrets(block: Block): void {
    const type = block.uint32()
    const length = block.uint32()
    const secrets = block.padded(length)
    if (type === tlsKeyLogSecrets) this.#secrets.push(Buffer.from(secrets).toString())
  }
}

function parseInterface(block: Block): Clocked {
  const linkType = block.uint16()
  block.skip(2)
  const snapLength = block.uint32()
  const options = block.options()
  return {
    interface: {
      name: options.texts(option.interfaceName)[0],
      description: options.texts(option.interfaceDescription)[0],
      linkType,
      snapLength,
    },
    toNs: clockOf(options.first(option.timeResolution)?.[0] ?? 6, options.seconds()),
  }
}

/** if_tsresol: a negative power of ten, or of two when its highest bit is set; if_tsoffset: whole seconds. */
function clockOf(resolution: number, offsetSeconds: bigint): Clocked['toNs'] {
  const exponent = BigInt(resolution & 0x7f)
  const ticksPerSecond = (resolution & 0x80) === 0 ? 10n ** exponent : 2n ** exponent
  const offset = offsetSeconds * 1_000_000_000n
  return (ticks) => offset + (ticks * 1_000_000_000n) / ticksPerSecond
}

interface Options {
  first(code: number): Uint8Array | undefined
  texts(code: number): string[]
  seconds(): bigint
}

/** The body of a block, read from its beginning. */
class Block {
  readonly offset: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #littleEndian: boolean
  #at = 0

  constructor(bytes: Uint8Array, littleEndian: boolean, offset: number) {
    this.offset = offset
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#littleEndian = littleEndian
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), this.#littleEndian)
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), this.#littleEndian)
  }

  skip(length: number): void {
    this.#advance(length)
  }

  /** Bytes that are filled up to a multiple of four. */
  padded(length: number): Uint8Array {
    const start = this.#advance(length)
    this.#advance(Math.min((4 - (length % 4)) % 4, this.#bytes.length - this.#at))
    return this.#bytes.subarray(start, start + length)
  }

  /** All that is left, which has to be options; none is as good. */
  options(): Options {
    const found: { readonly code: number; readonly value: Uint8Array }[] = []
    while (this.#at + 4 <= this.#bytes.length) {
      const code = this.uint16()
      const length = this.uint16()
      if (code === option.end) break
      found.push({ code, value: this.padded(length) })
    }
    const littleEndian = this.#littleEndian
    const first = (code: number): Uint8Array | undefined =>
      found.find((each) => each.code === code)?.value
    return {
      first,
      texts: (code) =>
        found
          .filter((each) => each.code === code)
          .map(({ value }) => Buffer.from(value).toString()),
      seconds: () => {
        const value = first(option.timeOffset)
        if (value?.length !== 8) return 0n
        return new DataView(value.buffer, value.byteOffset).getBigInt64(0, littleEndian)
      },
    }
  }

  #advance(length: number): number {
    const start = this.#at
    if (start + length > this.#bytes.length) {
      throw damaged(this.offset, `a block that is too short for what it holds`)
    }
    this.#at += length
    return start
  }
}
