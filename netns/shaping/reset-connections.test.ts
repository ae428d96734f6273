import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { openNetwork } from '#netns/network.ts'
import { emptyNamespace } from '#netns/network-plan.ts'
import { connectTcp, listenTcp } from '#netns/sockets.ts'
import { connectionsIn, resetConnections } from './reset-connections.ts'
import { breakConnections, refuseConnections } from './refuse-connections.ts'

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

  it.each(['its own end', 'its peer'] as const)(
    'is reset for both ends by rules once %s says something, and others are not',
    async (speaker) => {
      await using pairs = await openPairs(address)
      const [first, second] = pairs.clients
      // The end of the server.
      const [mine] = connectionsIn(pairs.namespace).filter(
        ({ local, remote }) => local.port === 19_000 && remote.port === first.localPort,
      )
      if (mine === undefined) throw new Error('the connection is not listed')
      const ends = (): number =>
        connectionsIn(pairs.namespace).filter(({ local, remote }) =>
          [local.port, remote.port].includes(first.localPort ?? 0),
        ).length
      let reset
      {
        using _rules = breakConnections(pairs.namespace, [mine])
        expect(ends()).toBe(2)
        reset = onceReset(first)
        if (speaker === 'its peer') first.write('x')
        else pairs.say(first.localPort)
        await expect.poll(ends).toBeLessThan(2)
      }
      expect(await reset).toBe('ECONNRESET')
      await expect.poll(ends).toBe(0)
      second.write('still here')
      const [data]: Buffer[] = await once(second, 'data')
      expect(String(data)).toBe('still here')
    },
  )

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
  const served: Socket[] = []
  const server = await listenTcp(namespace, { address, port: 19_000 }, (socket) => {
    served.push(socket)
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
    /** The server says something to one of them. */
    say: (port: number | undefined) => {
      served.find(({ remotePort }) => remotePort === port)?.write('hear')
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy()
      server.close()
      network[Symbol.dispose]()
    },
  }
}
