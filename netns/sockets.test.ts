import { once } from 'node:events'
import { closeSync } from 'node:fs'
import type { AddressInfo, Server, Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { NetworkNamespace } from './namespace.ts'
import { openNetwork } from './network.ts'
import { connectTcp, listenTcp, openTcpSocket } from './sockets.ts'

const plan = {
  name: 'sockets',
  sysctls: {},
  loopbackAddresses: ['10.9.0.1/32', 'fd00:9::1/128'],
  routes: [],
  policyRules: [],
  ruleSets: [],
}

describe('a TCP socket in a namespace', () => {
  it.each(['10.9.0.1', 'fd00:9::1'])(
    'reaches %s, which is known in there alone',
    async (address) => {
      using network = openNetwork({ namespaces: [plan], links: [] })
      const namespace = network.namespace('sockets')
      await using server = await listenTcp(namespace, { address, port: 0 }, echo)
      const { port } = parseAddress(server.address())
      await using client = connectTcp(namespace, { address, port }, { bind: { address, port: 0 } })
      client.end('through the namespace')
      expect(client.localAddress ?? (await once(client, 'connect'), client.localAddress)).toBe(
        address,
      )
      expect(String(await once(client, 'data'))).toBe('through the namespace')
    },
  )

  it('listens on one endpoint in each of two namespaces', async () => {
    using one = NetworkNamespace.create()
    using other = NetworkNamespace.create()
    const anywhere = { address: '0.0.0.0', port: 8_080 }
    await using _first = await listenTcp(one, anywhere, () => {})
    await using _second = await listenTcp(other, anywhere, () => {})
    expect(() => openTcpSocket(one, { bind: anywhere })).toThrow('EADDRINUSE')
  })

  it('names the endpoint it cannot bind to and the namespace', () => {
    using network = openNetwork({ namespaces: [plan], links: [] })
    const namespace = network.namespace('sockets')
    expect(() => openTcpSocket(namespace, { bind: { address: '10.9.9.9', port: 80 } })).toThrow(
      'Cannot bind to 10.9.9.9 port 80 in sockets: EADDRNOTAVAIL',
    )
  })

  it.each(['192.0.2.1', '2001:db8::1'])('binds to %s of another when transparent', (address) => {
    using network = openNetwork({ namespaces: [plan], links: [] })
    const namespace = network.namespace('sockets')
    const bind = { address, port: 80 }
    expect(() => openTcpSocket(namespace, { bind })).toThrow('EADDRNOTAVAIL')
    closeSync(openTcpSocket(namespace, { bind, transparent: true }))
  })
})

function echo(socket: Socket): void {
  socket.pipe(socket)
}

function parseAddress(address: ReturnType<Server['address']>): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error(`not TCP: ${address}`)
  return address
}
