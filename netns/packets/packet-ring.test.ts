import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { runInNamespace } from '#netns/command.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { openNetwork, type Network } from '#netns/network.ts'
import { sidecarPlan } from '#netns/sidecar-plan.ts'
import { connectTcp, listenTcp } from '#netns/sockets.ts'
import { openPacketSocket } from './packet-socket.ts'
import { PacketRing } from './packet-ring.ts'
import { slotBytes, slots } from './ring-layout.ts'

const SYN = 0x02

describe.each([
  { family: 'IPv4', address: '10.9.0.1', tcpAt: 34 },
  { family: 'IPv6', address: 'fd00:9::1', tcpAt: 54 },
])('a ring of packets over $family', ({ address, tcpAt }) => {
  const flagsOf = (bytes: Uint8Array): number => bytes[tcpAt + 13] ?? 0

  it('has each packet of a connection once, as soon as the connection is made', async () => {
    using ground = openGround()
    await using server = await listenTcp(ground.namespace, { address, port: 7000 }, (socket) =>
      socket.end(),
    )
    const from = Date.now()
    for (let connection = 1; connection <= 5; connection += 1) {
      await using client = connectTcp(ground.namespace, { address, port: 7000 })
      await once(client, 'connect')
      const packets = ground.ring.take()
      expect(packets.filter(({ bytes }) => (flagsOf(bytes) & SYN) !== 0)).toHaveLength(2)
      for (const { seconds, nanoseconds } of packets) {
        const atMs = seconds * 1_000 + nanoseconds / 1e6
        expect(atMs).toBeGreaterThanOrEqual(from)
        expect(atMs).toBeLessThanOrEqual(Date.now() + 1)
      }
    }
    expect(server.listening).toBe(true)
    expect(ground.ring.dropped()).toBe(0)
  })

  it('has packets that are longer than a slot whole while there is room, and knows how long all were', async () => {
    using ground = openGround()
    await using _server = await listenTcp(ground.namespace, { address, port: 7000 }, (socket) =>
      socket.resume(),
    )
    await using client = connectTcp(ground.namespace, { address, port: 7000 })
    await once(client, 'connect')
    const sent = 600_000
    await new Promise<void>((resolve) => client.write(Buffer.alloc(sent), () => resolve()))
    client.end()
    await once(client, 'close')
    const packets = ground.ring.take()
    const long = packets.filter(({ originalLength }) => originalLength > slotBytes)
    expect(long).not.toEqual([])
    expect(long.filter(({ bytes, originalLength }) => bytes.length === originalLength)).not.toEqual(
      [],
    )
    // One that no copy was kept of is cut.
    for (const { bytes } of long) expect(bytes.length).toBeGreaterThan(slotBytes - 200)
    const headers = packets.map(({ bytes }) => tcpAt + ((bytes[tcpAt + 12] ?? 0) >> 4) * 4)
    const payload = packets.map(
      ({ originalLength }, index) => originalLength - (headers[index] ?? 0),
    )
    expect(payload.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(sent)
  })
})

describe('a ring of packets', () => {
  it('says how many found no room, keeps those before them, and goes on once it is read', async () => {
    using ground = openGround()
    // A dial that is refused is two packets.
    await dialInVain(ground.namespace, slots)
    expect(ground.ring.take()).toHaveLength(slots)
    const dropped = ground.ring.dropped()
    expect(dropped).toBeGreaterThanOrEqual(slots)
    await dialInVain(ground.namespace, 3)
    expect(ground.ring.take()).toHaveLength(6)
    expect(ground.ring.dropped()).toBe(dropped)
  })

  it('leaves out what is not TCP', async () => {
    using ground = openGround()
    const udp = `echo hello >/dev/udp/10.9.0.1/9; echo hello >/dev/udp/fd00:9::1/9`
    await runInNamespace(ground.namespace, ['bash', '-c', udp])
    expect(ground.ring.take()).toEqual([])
    await dialInVain(ground.namespace, 1)
    expect(ground.ring.take()).toHaveLength(2)
  })

  it('sees once what crosses a bridge on its way between others', async () => {
    using network = openNetwork(sidecarPlan)
    const [from, to] = [network.namespace('ka'), network.namespace('kb')]
    using ring = new PacketRing(openPacketSocket(network.namespace('switch'), 'mesh'))
    await using _server = await listenTcp(to, { address: '10.0.0.4', port: 7000 }, (socket) =>
      socket.end(),
    )
    await using client = connectTcp(from, { address: '10.0.0.4', port: 7000 })
    await once(client, 'connect')
    const opening = ring.take().filter(({ bytes }) => ((bytes[34 + 13] ?? 0) & SYN) !== 0)
    expect(opening).toHaveLength(2)
  })

  it('names an interface that is not there', () => {
    using ground = openGround()
    expect(() => openPacketSocket(ground.namespace, 'eth7')).toThrow(
      'There is no interface eth7 in packets',
    )
  })
})

interface Ground extends Disposable {
  readonly namespace: NetworkNamespace
  readonly ring: PacketRing
}

function openGround(): Ground {
  using stack = new DisposableStack()
  const network: Network = stack.use(openNetwork({ namespaces: [plan], links: [] }))
  const namespace = network.namespace(plan.name)
  const ring = stack.use(new PacketRing(openPacketSocket(namespace, 'lo')))
  const owned = stack.move()
  return { namespace, ring, [Symbol.dispose]: () => owned.dispose() }
}

async function dialInVain(namespace: NetworkNamespace, times: number): Promise<void> {
  const dial = `for ((i = 0; i < ${times}; i++)); do : </dev/tcp/10.9.0.1/9; done 2>/dev/null; true`
  await runInNamespace(namespace, ['bash', '-c', dial])
}

const plan = {
  name: 'packets',
  sysctls: {},
  loopbackAddresses: ['10.9.0.1/32', 'fd00:9::1/128'],
  routes: [],
  policyRules: [],
  ruleSets: [],
}
