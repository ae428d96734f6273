import { once } from 'node:events'
import type { Server } from 'node:net'

/** Listens on a port that the kernel chooses, and returns it. */
export async function listen(server: Server, address: string): Promise<number> {
  server.listen(0, address)
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error(`no port on ${address}`)
  return bound.port
}
