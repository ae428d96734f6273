import type { Socket } from 'node:net'
import { unmapped } from '#core/base/cidr.ts'
import { formatAddress, type SocketAddress } from '#core/model/address.ts'

/**
 * The listeners that a connection has come through in this process, the first one first. A `?` stands for a way that is
 * not certain.
 */
export type Passage = readonly string[]

/**
 * Recognises connections that this process made to itself: their remote end is one of its own upstream sockets. The
 * passage of such a connection goes on from that of the connection for which it was dialled.
 *
 * Where that socket was connected to another address than the accepted one, either somebody between them rewrote the
 * address, or another program of this machine happens to use the same local port for another peer, which the kernel
 * allows. So such a way is not certain.
 *
 * It cannot see a loop that leads through another process.
 */
export class LoopGuard {
  readonly #dialled = new Map<string, { readonly socket: Socket; readonly passage: Passage }>()

  /** Remembers the local end of a connecting socket until it is closed. */
  remember(socket: Socket, passage: Passage): void {
    const { localAddress, localPort } = socket
    if (localAddress === undefined || localPort === undefined || socket.destroyed) return
    const end = formatAddress({ address: unmapped(localAddress), port: localPort })
    this.#dialled.set(end, { socket, passage })
    socket.once('close', () => {
      if (this.#dialled.get(end)?.socket === socket) this.#dialled.delete(end)
    })
  }

  /** The passage of a connection that `client` opened to `destination`, the listener that accepted it included. */
  passage(client: SocketAddress, listener: string, destination?: SocketAddress): Passage {
    const dialled = this.#dialled.get(formatAddress(client))
    const target = dialled && peerOf(dialled.socket)
    // A socket that is not connected yet, or no longer, is not the other end of a connection.
    if (dialled === undefined || target === undefined) return [listener]
    const certain = destination === undefined || formatAddress(destination) === target
    return [...dialled.passage, ...(certain ? [] : [uncertain]), listener]
  }
}

const uncertain = '?'

/**
 * Whether a passage runs in a circle. A stream, or anything that TPROXY intercepted, takes the same way each time it
 * comes by, so the second time proves it, if the way is certain. HTTP routes may lead through their own listener on
 * purpose, a few times.
 */
export function isLoop(passage: Passage, visits: 'once' | 'some'): boolean {
  const listener = passage.at(-1)
  const count = passage.filter((passed) => passed === listener).length
  return count > (visits === 'once' && !passage.includes(uncertain) ? 1 : 8)
}

/** The address that the kernel says a socket is connected to; Node names it only after it has called `connect`. */
function peerOf(socket: Socket): string | undefined {
  const { _handle: handle }: { _handle?: PeerNaming | null } = Object(socket)
  const peer: { address?: string; port?: number } = {}
  if (handle?.getpeername?.(peer) !== 0 || peer.address === undefined) return undefined
  return formatAddress({ address: unmapped(peer.address), port: peer.port ?? 0 })
}

interface PeerNaming {
  /** Returns 0, or the negative number of an error. */
  getpeername?(peer: object): number
}
