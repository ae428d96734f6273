import { createSocket, type Socket } from 'node:dgram'
import type { NetworkNamespace } from '#netns/namespace.ts'

/** A UDP socket that belongs to a namespace, bound to an address of it. The caller closes it. */
export function openUdp(namespace: NetworkNamespace, address: string, port: number): Socket {
  return namespace.run(() => {
    const type = address.includes(':') ? 'udp6' : 'udp4'
    const socket = createSocket({
      type,
      reuseAddr: true,
      // Node's own would answer in a later tick, at home.
      lookup: (host, _options, callback) => {
        callback(null, host, type === 'udp6' ? 6 : 4)
      },
    })
    socket.bind(port, address)
    return socket
  })
}
