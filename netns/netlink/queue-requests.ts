import { attribute, NLM_F_REQUEST, type NetlinkRequest } from './message.ts'

/** Packet queues: linux/netfilter/nfnetlink_queue.h. Numbers of theirs are in network order. */

/** Protocol of a netlink socket that takes these requests. */
export const NETLINK_NETFILTER = 12

/** Makes the socket the reader of a packet queue. */
export function bindQueue(queue: number): NetlinkRequest {
  return configure(queue, `bind packet queue ${queue}`, [
    attribute(NFQA_CFG_CMD, Uint8Array.of(NFQNL_CFG_CMD_BIND, 0, 0, 0)),
  ])
}

/**
 * Asks for the number of each packet and nothing of its content.
 * @param whole Packets that the sender left for the hardware to cut stay whole: fewer verdicts, but each about many packets.
 */
export function configureQueue(
  queue: number,
  { whole, length }: { readonly whole: boolean; readonly length: number },
): readonly NetlinkRequest[] {
  const mode = Buffer.alloc(5)
  mode[4] = NFQNL_COPY_META
  return [
    configure(queue, `choose what packet queue ${queue} tells`, [attribute(NFQA_CFG_PARAMS, mode)]),
    configure(queue, `set the length of packet queue ${queue}`, [
      attribute(NFQA_CFG_QUEUE_MAXLEN, big(length)),
    ]),
    configure(queue, `choose which packets queue ${queue} takes whole`, [
      attribute(NFQA_CFG_MASK, big(NFQA_CFG_F_GSO)),
      attribute(NFQA_CFG_FLAGS, big(whole ? NFQA_CFG_F_GSO : 0)),
    ]),
  ]
}

/** A whole message that says what becomes of a packet; nothing answers it. */
export function encodeVerdict(queue: number, id: number, verdict: 'accept' | 'drop'): Buffer {
  const message = Buffer.alloc(32)
  message.writeUInt32LE(32, 0)
  message.writeUInt16LE((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_VERDICT, 4)
  message.writeUInt16LE(NLM_F_REQUEST, 6)
  message.writeUInt16BE(queue, 18)
  message.writeUInt16LE(12, 20)
  message.writeUInt16LE(NFQA_VERDICT_HDR, 22)
  message.writeUInt32BE(verdict === 'accept' ? NF_ACCEPT : NF_DROP, 24)
  message.writeUInt32BE(id, 28)
  return message
}

/** The numbers of the packets that one `recv` tells of. */
export function packetNumbers(bytes: Buffer, length: number): readonly number[] {
  const numbers: number[] = []
  for (let offset = 0; offset + 16 <= length;) {
    const end = offset + bytes.readUInt32LE(offset)
    if (end <= offset || end > length) break
    if (bytes.readUInt16LE(offset + 4) === ((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET)) {
      const number = packetNumber(bytes, offset + 20, end)
      if (number !== undefined) numbers.push(number)
    }
    offset = (end + 3) & ~3
  }
  return numbers
}

function packetNumber(bytes: Buffer, from: number, end: number): number | undefined {
  for (let at = from; at + 8 <= end;) {
    const length = bytes.readUInt16LE(at)
    if ((bytes.readUInt16LE(at + 2) & 0x3fff) === NFQA_PACKET_HDR) return bytes.readUInt32BE(at + 4)
    if (length < 4) return undefined
    at += (length + 3) & ~3
  }
  return undefined
}

function configure(
  queue: number,
  operation: string,
  attributes: readonly Uint8Array[],
): NetlinkRequest {
  const header = Buffer.alloc(4)
  header.writeUInt16BE(queue, 2)
  return {
    operation,
    type: (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_CONFIG,
    flags: 0,
    body: Buffer.concat([header, ...attributes]),
  }
}

function big(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const NFNL_SUBSYS_QUEUE = 3
const NFQNL_MSG_PACKET = 0
const NFQNL_MSG_VERDICT = 1
const NFQNL_MSG_CONFIG = 2
const NFQA_PACKET_HDR = 1
const NFQA_VERDICT_HDR = 2
const NFQA_CFG_CMD = 1
const NFQA_CFG_PARAMS = 2
const NFQA_CFG_QUEUE_MAXLEN = 3
const NFQA_CFG_MASK = 4
const NFQA_CFG_FLAGS = 5
const NFQNL_CFG_CMD_BIND = 1
const NFQNL_COPY_META = 1
const NFQA_CFG_F_GSO = 4
const NF_DROP = 0
const NF_ACCEPT = 1
