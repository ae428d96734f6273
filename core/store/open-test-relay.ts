import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'

/** What stands between a client and a server, and can fail in the ways in which networks do. */
export interface TestRelay extends AsyncDisposable {
  readonly port: number
  /** Takes what it gets, and passes on nothing. */
  hold(): void
  /** Answers the first words of every client as PostgreSQL does that knows no encryption. */
  forbidEncryption(): void
  /** Ends all connections, those that were held too, and passes on what comes over new ones. */
  heal(): void
}

/** Starts a relay at an ephemeral port of 127.0.0.1 to another port there. */
export async function openTestRelay(to: number): Promise<TestRelay> {
  const sockets = new Set<Socket>()
  let holding = false
  const own = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    return socket
  }
  const pass = (from: Socket, into: Socket): void => {
    from.on('data', (data) => {
      if (!holding) into.write(data)
    })
    from.on('close', () => {
      if (!holding) into.destroy()
    })
  }
  let forbidding = false
  const server: Server = createServer((client) => {
    if (forbidding) {
      own(client).once('data', () => client.write('N'))
      return
    }
    const upstream = own(connect(to, '127.0.0.1'))
    own(client)
    pass(client, upstream)
    pass(upstream, client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: portOf(server.address()),
    hold: () => {
      holding = true
    },
    forbidEncryption: () => {
      forbidding = true
    },
    heal: () => {
      endAll()
      holding = false
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      endAll()
      await closed
    },
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('A port has no number')
  return address.port
}
