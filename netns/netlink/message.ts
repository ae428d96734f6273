/** Netlink framing, RFC 3549 section 2.3 and linux/netlink.h: headers, attributes, answers. All in host byte order. */

/** One request, not yet numbered. */
export interface NetlinkRequest {
  /** Completes "Cannot …", for example `add address 10.0.0.1/24 to eth0`. */
  readonly operation: string
  readonly type: number
  readonly flags: number
  readonly body: Uint8Array
}

/** A message from the kernel without its header. */
export interface NetlinkMessage {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly body: Buffer
}

export interface NetlinkError {
  /** Positive errno; 0 is an acknowledgement. */
  readonly errno: number
  /** What the kernel adds in words, when it does. */
  readonly detail: string | undefined
}

export const NLM_F_DUMP = 0x300
export const NLM_F_REPLACE = 0x100
export const NLM_F_EXCL = 0x200
export const NLM_F_CREATE = 0x400
export const NLMSG_ERROR = 2
export const NLMSG_DONE = 3

export const NLM_F_REQUEST = 0x1
const NLM_F_ACK = 0x4
const NLM_F_CAPPED = 0x100
const NLM_F_ACK_TLVS = 0x200
const NLMSGERR_ATTR_MSG = 1
const HEADER_LENGTH = 16

/** Numbers requests from `firstSequence` on and joins them; only the last asks to be acknowledged. */
export function encodeRequests(requests: readonly NetlinkRequest[], firstSequence: number): Buffer {
  return Buffer.concat(
    requests.map((request, index) => {
      const acknowledged = index === requests.length - 1 ? NLM_F_ACK : 0
      const message = Buffer.alloc(align(HEADER_LENGTH + request.body.length))
      message.writeUInt32LE(HEADER_LENGTH + request.body.length, 0)
      message.writeUInt16LE(request.type, 4)
      message.writeUInt16LE(NLM_F_REQUEST | request.flags | acknowledged, 6)
      message.writeUInt32LE(firstSequence + index, 8)
      message.set(request.body, HEADER_LENGTH)
      return message
    }),
  )
}

/** Splits what one `recv` returned into messages. */
export function parseMessages(bytes: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = []
  for (let offset = 0; offset + HEADER_LENGTH <= bytes.length;) {
    const length = bytes.readUInt32LE(offset)
    if (length < HEADER_LENGTH || offset + length > bytes.length) {
      throw new RangeError(`A netlink message of ${length} bytes does not fit its datagram`)
    }
    messages.push({
      type: bytes.readUInt16LE(offset + 4),
      flags: bytes.readUInt16LE(offset + 6),
      sequence: bytes.readUInt32LE(offset + 8),
      body: bytes.subarray(offset + HEADER_LENGTH, offset + length),
    })
    offset += align(length)
  }
  return messages
}

/** Reads the body of a message of type `NLMSG_ERROR`. */
export function parseError({ body, flags }: NetlinkMessage): NetlinkError {
  const errno = -body.readInt32LE(0)
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, detail: undefined }
  // The request is repeated before the attributes, unless it was cut to its header.
  const repeated = (flags & NLM_F_CAPPED) === 0 ? align(body.readUInt32LE(4)) : HEADER_LENGTH
  const text = parseAttributes(body.subarray(4 + repeated)).get(NLMSGERR_ATTR_MSG)
  return { errno, detail: text === undefined ? undefined : parseText(text) }
}

/** An attribute: a number is a 32-bit one, text ends with a zero byte, a list is nested attributes. */
export function attribute(
  type: number,
  value: number | string | Uint8Array | readonly Uint8Array[],
): Buffer {
  const data = attributeData(value)
  const encoded = Buffer.alloc(align(4 + data.length))
  encoded.writeUInt16LE(4 + data.length, 0)
  encoded.writeUInt16LE(type, 2)
  encoded.set(data, 4)
  return encoded
}

export function parseAttributes(bytes: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>()
  for (let offset = 0; offset + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(offset)
    if (length < 4) break
    const type = bytes.readUInt16LE(offset + 2) & NLA_TYPE_MASK
    attributes.set(type, bytes.subarray(offset + 4, offset + length))
    offset += align(length)
  }
  return attributes
}

/** Text up to its zero byte. */
export function parseText(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end)
}

const NLA_TYPE_MASK = 0x3fff

function attributeData(value: number | string | Uint8Array | readonly Uint8Array[]): Uint8Array {
  if (typeof value === 'number') return new Uint8Array(Uint32Array.of(value).buffer)
  if (typeof value === 'string') return Buffer.from(`${value}\0`)
  return value instanceof Uint8Array ? value : Buffer.concat(value)
}

function align(length: number): number {
  return (length + 3) & ~3
}
