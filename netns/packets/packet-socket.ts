import { makeRoom } from '#netns/make-room.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { bindSocket, closeDescriptor, openSocket, setSocketOption } from '#netns/native.ts'
import { encodeLinkAddress } from './link-address.ts'
import { attachFilter, interfaceIndex, setOptionBytes } from './packet-native.ts'
import { AF_PACKET, copiesBytes, encodeRingRequest, slotBytes, SOL_PACKET } from './ring-layout.ts'
import { encodeTcpFilter } from './tcp-filter.ts'

/**
 * Opens a socket that sees every TCP packet of an interface, once each, from now on, and keeps them in a ring that
 * `PacketRing` reads, in whatever process. Returns its descriptor, which the caller closes.
 * @throws RangeError when the namespace has no such interface; SystemCallError.
 */
export function openPacketSocket(namespace: NetworkNamespace, interfaceName: string): number {
  const where = `on ${interfaceName} in ${namespace.label}`
  const { fd, index } = namespace.run(() => ({
    fd: openSocket(AF_PACKET, SOCK_RAW, 0, `capture ${where}`),
    index: interfaceIndex(interfaceName),
  }))
  try {
    if (index === 0)
      throw new RangeError(`There is no interface ${interfaceName} in ${namespace.label}`)
    attachFilter(fd, encodeTcpFilter(), `filter packets ${where}`)
    // On loopback each packet goes out and comes in.
    if (index === LOOPBACK) {
      setSocketOption(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, `capture ${where}`)
    }
    setSocketOption(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2, `capture ${where}`)
    setSocketOption(fd, SOL_PACKET, PACKET_COPY_THRESH, slotBytes, `keep long packets ${where}`)
    makeRoom(fd, copiesBytes)
    setOptionBytes(fd, [SOL_PACKET, PACKET_RX_RING], encodeRingRequest(), `keep packets ${where}`)
    setOptionBytes(
      fd,
      [SOL_PACKET, PACKET_ADD_MEMBERSHIP],
      encodePromiscuous(index),
      `see all packets ${where}`,
    )
    bindSocket(fd, encodeLinkAddress(index), `capture ${where}`)
    return fd
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
}

/** `struct packet_mreq`: what is for others, too, as all is that crosses a bridge; ends with the socket. */
function encodePromiscuous(index: number): Uint8Array {
  const request = Buffer.alloc(16)
  request.writeInt32LE(index, 0)
  request.writeUInt16LE(PACKET_MR_PROMISC, 4)
  return request
}

/** Every network namespace has it first. */
const LOOPBACK = 1
const SOCK_RAW = 3
const PACKET_ADD_MEMBERSHIP = 1
const PACKET_MR_PROMISC = 1
const PACKET_RX_RING = 5
const PACKET_COPY_THRESH = 7
const PACKET_VERSION = 10
const TPACKET_V2 = 1
const PACKET_IGNORE_OUTGOING = 23
