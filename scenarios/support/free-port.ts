import { once } from 'node:events'
import { createServer } from 'node:net'
import { listen } from './listen.ts'

/** A port of an address that nobody listens on at the moment. */
export async function freePort(address: string): Promise<number> {
  const server = createServer()
  const port = await listen(server, address)
  server.close()
  await once(server, 'close')
  return port
}
