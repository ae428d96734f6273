/** How a ring of packets (packet(7), PACKET_RX_RING with TPACKET_V2) is laid out. */

const blockBytes = 1 << 20

/** Of a slot, with the header of its packet. Of a longer packet there is a copy beside the ring while there is room. */
export const slotBytes = 1 << 12
/** So many packets wait while nobody reads; the kernel gives memory to a slot whether it is used or not. */
export const slots = 1 << 12
/** For the copies of longer packets. */
export const copiesBytes: number = 8 * 1024 * 1024
export const ringBytes: number = slotBytes * slots

/** `struct tpacket_req`. */
export function encodeRingRequest(): Uint8Array {
  const request = Uint32Array.of(blockBytes, ringBytes / blockBytes, slotBytes, slots)
  return new Uint8Array(request.buffer)
}

/** Where the fields of `struct tpacket2_hdr` are, in bytes; each has 32 bits but `mac`, which has 16. */
export const slotHeader = {
  status: 0,
  length: 4,
  captured: 8,
  mac: 12,
  seconds: 16,
  nanoseconds: 20,
} as const

/** In `status`: the slot is ours, to give back as 0. */
export const TP_STATUS_USER = 1
/** In `status`: the whole packet can be received from the socket. */
export const TP_STATUS_COPY = 2

export const AF_PACKET = 17
export const SOL_PACKET = 263
