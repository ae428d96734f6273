import { describe, expect, it } from 'vitest'
import { bridgePorts, layOutLinks } from './link-layout.ts'
import type { LinkEndPlan, LinkPlan, NamespacePlan } from './network-plan.ts'

const node = (name: string): NamespacePlan => ({
  name,
  sysctls: {},
  loopbackAddresses: [],
  routes: [],
  policyRules: [],
  ruleSets: [],
})
const end = (namespace: string, name: string): LinkEndPlan => ({
  namespace,
  interface: name,
  addresses: [],
})
const bridge = (name: string, ...ends: LinkEndPlan[]): LinkPlan => ({
  kind: 'bridge',
  name,
  namespace: 'switch',
  ends,
})

describe('bridgePorts', () => {
  it('names a port after the namespace it leads to, cut to 15 characters', () => {
    const links = [bridge('mesh', end('kong-a', 'eth0'), end('a-namespace-of-long-name', 'eth0'))]
    expect(bridgePorts({ namespaces: [], links }).get('mesh')).toEqual([
      'kong-a',
      'a-namespace-of-',
    ])
  })

  it('numbers ports whose name is taken anywhere in the namespace of the bridge', () => {
    const links = [
      bridge('one', end('kong-a', 'eth0'), end('kong-a', 'eth1'), end('two', 'eth0')),
      bridge('two', end('kong-a', 'eth2'), end('a-namespace-of-long-name', 'eth0')),
      bridge('three', end('a-namespace-of-long-name', 'eth1')),
    ]
    expect([...bridgePorts({ namespaces: [], links })]).toEqual([
      ['one', ['kong-a', 'kong-a-2', 'two-2']],
      ['two', ['kong-a-3', 'a-namespace-of-']],
      ['three', ['a-namespace-o-2']],
    ])
  })
})

describe('layOutLinks', () => {
  it('gives every interface an index of its own in its namespace, and pairs port and end', () => {
    const { bridges, pairs, interfaces } = layOutLinks({
      namespaces: [node('switch'), node('a'), node('b')],
      links: [
        bridge('mesh', end('a', 'eth0'), end('b', 'eth0')),
        { kind: 'veth', name: 'direct', ends: [end('a', 'eth1'), end('b', 'eth1')] },
      ],
    })
    const named = [...interfaces].map(([name, links]) => [name, links.map((link) => link.name)])
    expect(named).toEqual([
      ['switch', ['lo', 'mesh', 'a', 'b']],
      ['a', ['lo', 'eth0', 'eth1']],
      ['b', ['lo', 'eth0', 'eth1']],
    ])
    for (const links of interfaces.values()) {
      expect(new Set(links.map(({ index }) => index)).size).toBe(links.length)
    }
    expect(
      pairs.map(({ ends }) => ends.map(({ namespace, name }) => `${namespace} ${name}`)),
    ).toEqual([
      ['switch a', 'a eth0'],
      ['switch b', 'b eth0'],
      ['a eth1', 'b eth1'],
    ])
    expect(pairs.map((pair) => pair.bridge)).toEqual([bridges[0], bridges[0], undefined])
  })
})
