import type { Socket } from 'node:net'
import { unmapped } from '#core/base/cidr.ts'
import { formatAddress, type SocketAddress } from '#core/model/address.ts'

/** The listeners that a connection has come through in this process, the first one first. */
export type Passage = readonly string[]

/**
 * Recognises connections that this process made to itself: their remote end is one of its own upstream sockets. The
 * passage of such a connection goes on from that of the connection for which it was dialled.
 *
 * It cannot see a loop that leads through another process.
 */
export class LoopGuard {
  readonly #dialled = new Map<string, Passage>()

  /** Remembers the local end of a connecting socket until it is closed. */
  remember(socket: Socket, passage: Passage): void {
    const { localAddress, localPort } = socket
    if (localAddress === undefined || localPort === undefined || socket.destroyed) return
    const end = formatAddress({ address: unmapped(localAddress), port: localPort })
    this.#dialled.set(end, passage)
    socket.once('close', () => {
      if (this.#dialled.get(end) === passage) this.#dialled.delete(end)
    })
  }

  /** The passage of an accepted connection, its listener included. */
  passage(client: SocketAddress, listener: string): Passage {
    return [...(this.#dialled.get(formatAddress(client)) ?? []), listener]
  }
}

/**
 * Whether a passage runs in a circle. A stream, or anything that TPROXY intercepted, takes the same way each time it
 * comes by, so the second time proves it. HTTP routes may lead through their own listener on purpose, a few times.
 */
export function isLoop(passage: Passage, visits: 'once' | 'some'): boolean {
  const listener = passage.at(-1)
  const count = passage.filter((passed) => passed === listener).length
  return count > (visits === 'once' ? 1 : 8)
}
