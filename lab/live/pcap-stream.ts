import { parsePcap, type Frame } from '#lab/probes/pcap.ts'

const headerLength = 24

/** Reads a capture of libpcap's classic format while it is being written. */
export class PcapStream {
  #header: Buffer | undefined
  #rest = Buffer.alloc(0)

  /** LINKTYPE_ value; undefined: not told yet. */
  linkType: number | undefined

  /**
   * Takes what comes next and returns the frames that are whole by it.
   * @throws SyntaxError when it is no such capture.
   */
  push(chunk: Uint8Array): readonly Frame[] {
    const bytes = Buffer.concat([this.#rest, chunk])
    if (this.#header === undefined && bytes.length < headerLength) {
      this.#rest = bytes
      return []
    }
    const whole = this.#header === undefined ? bytes : Buffer.concat([this.#header, bytes])
    this.#header ??= whole.subarray(0, headerLength)
    const { linkType, frames } = parsePcap(whole)
    this.linkType = linkType
    const last = frames.at(-1)
    const read = last === undefined ? headerLength : endOf(last) - whole.byteOffset
    this.#rest = whole.subarray(read)
    return frames
  }
}

/** Within the memory that the frames were read from. */
function endOf({ bytes }: Frame): number {
  return bytes.byteOffset + bytes.length
}
