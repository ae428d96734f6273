import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { openNetwork } from '#netns/network.ts'
import { emptyNamespace } from '#netns/network-plan.ts'
import { connectTcp, listenTcp } from '#netns/sockets.ts'
import { connectionsIn, resetConnections } from './reset-connections.ts'
import { refuseConnections } from './refuse-connections.ts'

describe.each(['127.0.0.1', 'fd00::1'])('a connection to %s', (address) => {
  it('is reset for its peer, and others are not', async () => {
    await using pairs = await openPairs(address)
    const [first, second] = pairs.clients
    const reset = onceReset(first)
    const [mine] = connectionsIn(pairs.namespace).filter(
      ({ local, remote }) => local.port === 19_000 && remote.port === first.localPort,
    )
    if (mine === undefined) throw new Error('the connection is not listed')
    expect(mine.local).toEqual({ address, port: 19_000 })
    expect(resetConnections(pairs.namespace, [mine])).toEqual([mine])
    expect(await reset).toBe('ECONNRESET')
    expect(resetConnections(pairs.namespace, [mine])).toEqual([])
    second.write('still here')
    const [data]: Buffer[] = await once(second, 'data')
    expect(String(data)).toBe('still here')
  })

  it('is reset by a rule as soon as it says something, and a new one is refused while the rule is there', async () => {
    await using pairs = await openPairs(address)
    const [first, second] = pairs.clients
    {
      using _refusal = refuseConnections(pairs.namespace, 19_000)
      const reset = onceReset(first)
      first.write('x')
      expect(await reset).toBe('ECONNRESET')
      const late = connectTcp(pairs.namespace, { address, port: 19_000 })
      const [error]: NodeJS.ErrnoException[] = await once(late, 'error')
      expect(error?.code).toBe('ECONNREFUSED')
    }
    second.write('still here')
    const [data]: Buffer[] = await once(second, 'data')
    expect(String(data)).toBe('still here')
  })
})

async function onceReset(socket: Socket): Promise<string | undefined> {
  const [error]: NodeJS.ErrnoException[] = await once(socket, 'error')
  return error?.code
}

/** A server that echoes, in a namespace of its own, and two clients of it. */
async function openPairs(address: string) {
  const network = openNetwork({
    namespaces: [{ ...emptyNamespace, name: 'reset', loopbackAddresses: ['fd00::1/128'] }],
    links: [],
  })
  const namespace = network.namespace('reset')
  const server = await listenTcp(namespace, { address, port: 19_000 }, (socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  const clients = [0, 1].map(() => connectTcp(namespace, { address, port: 19_000 }))
  await Promise.all(clients.map((client) => once(client, 'connect')))
  const [first, second] = clients
  if (first === undefined || second === undefined) throw new Error('unreachable')
  return {
    namespace,
    clients: [first, second] as const,
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy()
      server.close()
      network[Symbol.dispose]()
    },
  }
}
