import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { isIPv4, Server, type Socket } from 'node:net'
import { lookup } from 'node:dns/promises'
import { isSix, openTransparentListener } from '#core/dataplane/socket-options.ts'
import type { SocketAddress } from '#core/model/address.ts'

export interface ListenAt {
  /** Literal address without brackets, or a host name, of which the first address is bound. */
  readonly address: string
  /** 0 = the kernel chooses. */
  readonly port: number
  readonly transparent: boolean
}

/** A bound port. Accepts until it is disposed of; accepted connections live on. */
export interface ListeningSocket extends AsyncDisposable {
  readonly at: ListenAt
  readonly bound: SocketAddress
}

/**
 * Binds and accepts. Sockets come paused and half-open, with Nagle's algorithm off.
 * @throws Error of the failed system call.
 */
export async function openListeningSocket(
  at: ListenAt,
  onAccepted: (socket: Socket) => void,
): Promise<ListeningSocket> {
  const isLiteral = isSix(at.address) || isIPv4(at.address)
  const address = isLiteral ? at.address : (await lookup(at.address)).address
  const server = new Server({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
  server.on('connection', onAccepted)
  if (at.transparent) {
    const fd = openTransparentListener(address, at.port)
    try {
      server.listen({ fd, backlog })
      await once(server, 'listening')
    } catch (error) {
      if (!server.listening) closeQuietly(fd)
      throw error
    }
  } else {
    // Without ipv6Only, [::] would take the port of 0.0.0.0 as well.
    server.listen({ host: address, port: at.port, backlog, ipv6Only: isSix(address) })
    await once(server, 'listening')
  }
  // A full file table makes a single accept fail; the port stays open.
  server.on('error', () => {})
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('A TCP server has no port')
  return {
    at,
    bound: { address, port: bound.port },
    [Symbol.asyncDispose]: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      return promise
    },
  }
}

/** As many connections may wait to be accepted as the kernel's own limit allows. */
const backlog = 4096

/** Node closes a descriptor that it took over itself, but not in every failure. */
function closeQuietly(fd: number): void {
  try {
    closeSync(fd)
  } catch {}
}
