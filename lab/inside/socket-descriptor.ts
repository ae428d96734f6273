import type { Socket } from 'node:net'

/** The descriptor of a socket that is open and stays Node's. */
export function descriptorOf(socket: Socket): number {
  // Node has no public name for it; what is passed between processes goes beside Node's streams.
  const handle: unknown = Reflect.get(socket, '_handle')
  const fd: unknown = typeof handle === 'object' && handle !== null && Reflect.get(handle, 'fd')
  if (typeof fd === 'number' && fd >= 0) return fd
  throw new Error('The socket is closed and has no descriptor')
}
