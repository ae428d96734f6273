import { Socket } from 'node:net'
import { Inlet, NetChannel } from './net-channel.ts'

export interface AdoptHooks {
  /** Called with the socket that carries the connection from now on. */
  readonly onAdopted?: (socket: Socket) => void
}

/**
 * Makes a channel of a socket that a `net.Server` with `pauseOnConnect` and `allowHalfOpen` accepted.
 *
 * A server cannot be told to read into a given buffer, a socket can. So the connection's handle moves from the
 * server's socket to one of ours.
 */
export function adoptSocket(accepted: Socket, hooks: AdoptHooks = {}): NetChannel {
  const husk: { _handle?: unknown } = Object(accepted)
  const handle = husk._handle
  husk._handle = null
  // Without a handle this closes no connection; it only lets the server forget the socket.
  accepted.destroy()
  const inlet = new Inlet()
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: inlet.onread }
  const socket = new Socket(options as object)
  hooks.onAdopted?.(socket)
  return NetChannel.overTcp(socket, inlet)
}
