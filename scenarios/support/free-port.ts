import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that Linux gives to clients and to whoever asks for any port: none of them takes it meanwhile. */
const [least, most] = [10_000, 32_000]

/** A port of an address that nobody listens on at the moment. */
export async function freePort(address: string): Promise<number> {
  for (;;) {
    const port = randomInt(least, most)
    const server = createServer().listen(port, address)
    try {
      // oxlint-disable-next-line no-await-in-loop -- until one is free
      await once(server, 'listening')
      server.close()
      // oxlint-disable-next-line no-await-in-loop
      await once(server, 'close')
      return port
    } catch {
      // Somebody has it.
    }
  }
}
