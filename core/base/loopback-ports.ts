import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Listens on a port of 127.0.0.1 that the kernel chooses, and returns it. */
export async function listenOnLoopback(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return portOf(server)
}

/** Where a TCP server listens. */
export function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return address.port
}

/** Ports of 127.0.0.1 that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(servers.map(listenOnLoopback))
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
