/** Prints how well links are shaped here and what it costs: delay asked and got, throughput, processor time. Run it as root. */

import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { layOutLinks } from '#netns/link-layout.ts'
import { openNetwork, type Network } from '#netns/network.ts'
import { emptyNamespace, type NetworkPlan } from '#netns/network-plan.ts'
import { connectTcp, listenTcp } from '#netns/sockets.ts'
import { measureWay } from './measure-link.ts'
import { openShaper } from './open-shaper.ts'
import { untouched } from './shape.ts'

const transferMs = 1_000
const plan: NetworkPlan = {
  namespaces: ['a', 'b'].map((name) => ({ name, ...emptyNamespace })),
  links: [
    {
      kind: 'veth',
      name: 'wire',
      ends: [
        { namespace: 'a', interface: 'eth0', addresses: ['10.0.0.1/24'] },
        { namespace: 'b', interface: 'eth0', addresses: ['10.0.0.2/24'] },
      ],
    },
  ],
}

/** Mbit/s from a to b, and processor time of this process for each second of it. */
async function transfer(network: Network): Promise<string> {
  let received = 0
  const endpoint = { address: '10.0.0.2', port: 7 }
  const server = await listenTcp(network.namespace('b'), endpoint, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
  })
  const client = connectTcp(network.namespace('a'), endpoint)
  client.on('error', () => {})
  await once(client, 'connect')
  const chunk = Buffer.alloc(65_536)
  const fill = (): void => {
    while (client.write(chunk));
  }
  client.on('drain', fill)
  const before = process.cpuUsage()
  fill()
  await wait(transferMs)
  const { user, system } = process.cpuUsage(before)
  client.destroy()
  server.close()
  const mbit = (received * 8) / 1_000 / transferMs
  return `${mbit.toFixed(0)} Mbit/s with ${((user + system) / 1e4 / (transferMs / 1_000)).toFixed(0)} % of a core`
}

async function main(): Promise<void> {
  using network = openNetwork(plan)
  await using shaper = openShaper(network)
  const [, link] = layOutLinks(plan).interfaces.get('a') ?? []
  if (link === undefined) throw new Error('unreachable')
  const point = {
    namespace: 'a',
    interface: { name: link.name, index: link.index },
    direction: 'out',
  } as const
  const way = {
    from: network.namespace('a'),
    source: '10.0.0.1',
    to: network.namespace('b'),
    destination: '10.0.0.2',
  }
  console.log(`links are shaped by: ${shaper.name}`)
  console.log(`untouched: ${await transfer(network)}`)
  // A delay too short to notice: the cost of the way through the queue alone.
  for (const shape of [{ delayMs: 0.001 }, { loss: 1e-9 }]) {
    await shaper.shape(point, { ...untouched, ...shape })
    console.log(`${JSON.stringify(shape)}: ${await transfer(network)}`)
  }
  for (const delayMs of [1, 5, 20, 50, 200]) {
    const start = performance.now()
    await shaper.shape(point, { ...untouched, delayMs })
    const setMs = performance.now() - start
    const measured = await measureWay(way, { packets: 100, bytes: 64, patienceMs: delayMs + 100 })
    const { least = 0, median = 0, most = 0 } = measured.delayMs ?? {}
    console.log(
      `delay ${delayMs} ms asked: ${least.toFixed(2)} least, ${median.toFixed(2)} median, ${most.toFixed(2)} most; set in ${setMs.toFixed(1)} ms`,
    )
  }
  for (const loss of [0.01, 0.1, 0.3]) {
    await shaper.shape(point, { ...untouched, loss })
    const { sent, arrived } = await measureWay(way, { packets: 3_000, bytes: 64, patienceMs: 100 })
    console.log(`loss ${loss} asked: ${((sent - arrived) / sent).toFixed(4)} got`)
  }
  for (const duplicate of [0.01, 0.1, 0.3]) {
    await shaper.shape(point, { ...untouched, duplicate })
    const probes = { packets: 3_000, bytes: 64, patienceMs: 100, repeatsWithinMs: 100 }
    const { sent, repeated } = await measureWay(way, probes)
    console.log(
      `twice ${duplicate} asked: ${(repeated / sent).toFixed(4)} got; ${await transfer(network)}`,
    )
  }
  for (const mbit of [1, 10, 100]) {
    await shaper.shape(point, { ...untouched, rate: mbit * 1e6 })
    console.log(`rate ${mbit} Mbit/s asked: ${await transfer(network)} (TCP payload)`)
  }
}

await main()
