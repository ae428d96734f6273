import { AF_PACKET } from './ring-layout.ts'

/** `struct sockaddr_ll` for all protocols of an interface. */
export function encodeLinkAddress(index: number): Uint8Array {
  const address = Buffer.alloc(20)
  address.writeUInt16LE(AF_PACKET, 0)
  address.writeUInt16BE(ETH_P_ALL, 2)
  address.writeInt32LE(index, 4)
  return address
}

const ETH_P_ALL = 3
