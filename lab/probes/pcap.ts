/** One frame as it was captured, still with its link header. */
export interface Frame {
  /** Since the epoch; fractions down to a quarter of a µs. */
  readonly atMs: number
  /** Since the epoch, exactly. */
  readonly atNs: bigint
  readonly bytes: Uint8Array
  /** Larger than `bytes.length` when the snap length cut the frame. */
  readonly originalLength: number
}

export interface PcapFile {
  /** LINKTYPE_ value: 1 is Ethernet. */
  readonly linkType: number
  readonly frames: readonly Frame[]
  /** The file ends inside a frame, as it does while its writer is still at work. */
  readonly cut: boolean
}

const fileHeaderLength = 24
const frameHeaderLength = 16
/** libpcap's own limit (MAXIMUM_SNAPLEN); a larger length means that the file is damaged. */
const longestFrame = 262_144

/**
 * Reads a capture file of libpcap's classic format, in either byte order, with µs or ns (draft-ietf-opsawg-pcap).
 *
 * @throws {SyntaxError} When the bytes are not such a file; a file that only ends early is not an error.
 */
export function parsePcap(bytes: Uint8Array): PcapFile {
  if (bytes.length < fileHeaderLength) {
    throw new SyntaxError(
      `Not a pcap file: it has ${bytes.length} bytes, and the header alone takes ${fileHeaderLength}.`,
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { littleEndian, ticksPerMs } = parseMagic(view)
  // The upper bits tell whether frames end in a checksum; the link type proper has 16.
  const linkType = view.getUint32(20, littleEndian) & 0xffff

  const frames: Frame[] = []
  let offset = fileHeaderLength
  while (offset + frameHeaderLength <= bytes.length) {
    const length = view.getUint32(offset + 8, littleEndian)
    if (length > longestFrame) {
      throw new SyntaxError(
        `Damaged pcap file: frame ${frames.length + 1} at byte ${offset} claims ${length} bytes.`,
      )
    }
    const start = offset + frameHeaderLength
    if (start + length > bytes.length) break
    const seconds = view.getUint32(offset, littleEndian)
    const ticks = view.getUint32(offset + 4, littleEndian)
    frames.push({
      atMs: seconds * 1000 + ticks / ticksPerMs,
      atNs: BigInt(seconds) * 1_000_000_000n + BigInt(ticks) * BigInt(1_000_000 / ticksPerMs),
      bytes: bytes.subarray(start, start + length),
      originalLength: view.getUint32(offset + 12, littleEndian),
    })
    offset = start + length
  }
  return { linkType, frames, cut: offset !== bytes.length }
}

function parseMagic(view: DataView): { littleEndian: boolean; ticksPerMs: number } {
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(0, littleEndian)
    if (magic === 0xa1b2c3d4) return { littleEndian, ticksPerMs: 1000 }
    if (magic === 0xa1b23c4d) return { littleEndian, ticksPerMs: 1_000_000 }
  }
  throw new SyntaxError(`Not a pcap file: it begins with 0x${view.getUint32(0).toString(16)}.`)
}
