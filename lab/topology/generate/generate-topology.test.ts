import { describe, expect, it } from 'vitest'
import { planFaults } from '#netns/plan-faults.ts'
import { planLab } from '#lab/topology/plan.ts'
import { topologyFaults } from '#lab/topology/topology-faults.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { generateTopology } from './generate-topology.ts'

const places = { name: 'x', folder: '/lab/x', root: '/product', node: '/node', bare: false }

describe.for(['chain', 'star', 'full'])('%s', (shape) => {
  it.for([1, 2, 7, 200])('of %d runs as it is planned', (count) => {
    const topology = made(`${shape}:${count}`)
    expect(topologyFaults(topology)).toStrictEqual([])
    expect(planFaults(planLab(topology, places).network)).toStrictEqual([])
    const sidecars = topology.nodes.filter(({ kind }) => kind === 'proxy')
    expect(sidecars).toHaveLength(shape === 'star' ? count + 1 : count)
    expect(topology.interception).toHaveLength(sidecars.length)
    expect(topology.name).toBe(`${shape}-${count}`)
  })

  it('gives every address to one link end alone, and both families to each', () => {
    const ends = made(`${shape}:200`).links.flatMap((link) => link.ends)
    const addresses = ends.flatMap((end) => end.addresses)
    expect(new Set(addresses).size).toBe(addresses.length)
    const sixes = addresses.filter((each) => each.includes(':'))
    expect(sixes).toHaveLength(ends.length)
    expect(addresses).toHaveLength(2 * ends.length)
  })

  it.for(['0', '201', '', '-1', '1e2', '2.5', 'ten'])('refuses "%s" sidecars', (count) => {
    expect(() => generateTopology(`${shape}:${count}`)).toThrow(
      `The topology "${shape}:${count}" has no number of sidecars: write one from 1 to 200 after the colon, such as ${shape}:10.`,
    )
  })

  it('asks for a number where there is none', () => {
    expect(() => generateTopology(shape)).toThrow(`such as ${shape}:10`)
  })
})

describe(generateTopology, () => {
  it.for(['sidecars', 'chains:3', './chain:3', 'chain:3:4', 'toString:3', ''])(
    'leaves "%s" to others',
    (name) => {
      expect(generateTopology(name)).toBeUndefined()
    },
  )

  it('leads a chain through all of its sidecars, there and back', () => {
    const topology = made('chain:5')
    const [address = ''] = nodeOf(topology, 'service-b').addresses
    expect(wayTo(topology, 'service-a', address)).toStrictEqual([
      'kong-1',
      'kong-2',
      'kong-3',
      'kong-4',
      'kong-5',
      'service-b',
    ])
    const [back = ''] = nodeOf(topology, 'service-a').addresses
    expect(wayTo(topology, 'service-b', back).at(-1)).toBe('service-a')
  })
})

function made(name: string): Topology {
  const topology = generateTopology(name)
  if (topology === undefined) throw new Error(`${name} is not generated`)
  return topology
}

function nodeOf(topology: Topology, name: string) {
  const found = topology.nodes.find((node) => node.name === name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}

/** The namespaces that IPv4 routes lead through, as a packet would go. */
function wayTo({ links, namespaces }: Topology, from: string, address: string): string[] {
  const ownerOf = (wanted: string): string | undefined =>
    links
      .flatMap((link) => link.ends)
      .find((end) => end.addresses.some((each) => each.split('/', 1)[0] === wanted))?.namespace
  const way: string[] = []
  for (let at: string | undefined = from; at !== ownerOf(address) && way.length < 300;) {
    const here: string = at ?? ''
    const neighbours = links
      .filter((link) => link.ends.some((end) => end.namespace === here))
      .flatMap((link) => link.ends.map((end) => end.namespace))
    const network = address.replace(/\.\d+$/, '.0/24')
    const routes = namespaces.find(({ name }) => name === here)?.routes ?? []
    const via =
      routes.find(({ to }) => to === network)?.via ??
      routes.find(({ to, via: gateway }) => to === 'default' && !gateway.includes(':'))?.via
    const target = ownerOf(address) ?? ''
    at = neighbours.includes(target) ? target : ownerOf(via ?? '')
    way.push(at ?? 'nowhere')
  }
  return way
}
