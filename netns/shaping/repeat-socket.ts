import { AF_PACKET, SOL_PACKET } from '#netns/packets/ring-layout.ts'
import { encodeLinkAddress } from '#netns/packets/link-address.ts'
import { attachFilter } from '#netns/packets/packet-native.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import {
  bindSocket,
  closeDescriptor,
  liftDescriptor,
  openSocket,
  setSocketOption,
  SOL_SOCKET,
} from '#netns/native.ts'
import type { Interface } from '#netns/netlink/route-requests.ts'
import { encodeRepeatFilter, repeatMark } from './repeat-filter.ts'

export interface RepeatSocket extends Disposable {
  readonly fd: number
}

/**
 * Opens a socket that receives what an interface sends, as frames behind a virtio_net_hdr, and sends what is written to it
 * in the same form through that interface: packets that the sender left for the hardware to cut or to sum up stay so.
 */
export function openRepeatSocket(
  namespace: NetworkNamespace,
  link: Interface,
  { fromMac }: { readonly fromMac?: string } = {},
): RepeatSocket {
  const where = `what ${link.name} in ${namespace.label} sends`
  const fd = liftDescriptor(
    namespace.run(() => openSocket(AF_PACKET, SOCK_RAW, 0, `repeat ${where}`)),
  )
  try {
    attachFilter(fd, encodeRepeatFilter(fromMac), `choose from ${where}`)
    setSocketOption(fd, SOL_SOCKET, SO_MARK, repeatMark, `mark repetitions of ${where}`)
    setSocketOption(fd, SOL_PACKET, PACKET_VNET_HDR, 1, `keep ${where} as it is`)
    setSocketOption(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES, `make room for ${where}`)
    bindSocket(fd, encodeLinkAddress(link.index), `repeat ${where}`)
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
  return {
    fd,
    [Symbol.dispose]: () => {
      closeDescriptor(fd)
    },
  }
}

const SOCK_RAW = 3
const SO_RCVBUF = 8
const SO_MARK = 36
const PACKET_VNET_HDR = 15
const BUFFER_BYTES = 8 * 1024 * 1024
