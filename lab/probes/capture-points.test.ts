import { describe, expect, it } from 'vitest'
import { sidecars } from '#lab/topology/sidecars.ts'
import { tutorial } from '#lab/topology/tutorial.ts'
import { chooseCapturePoints } from './capture-points.ts'
import { toTopologyRecord } from './topology-record.ts'

describe('chooseCapturePoints', () => {
  it('taps every link of namespaces that are joined, a bridge at the bridge', () => {
    expect(chooseCapturePoints(sidecars)).toEqual([
      {
        link: 'a',
        node: 'service-a',
        interface: 'eth0',
      },
      {
        link: 'mesh',
        node: 'switch',
        interface: 'mesh',
      },
      { link: 'b', node: 'kong-b', interface: 'dn0' },
    ])
  })

  it('taps the loopback interface of a namespace that stands alone', () => {
    expect(chooseCapturePoints(tutorial)).toEqual([
      {
        link: 'lo',
        node: 'service-a',
        interface: 'lo',
      },
    ])
  })

  it('refuses a namespace that no node lets it into', () => {
    const nodes = sidecars.nodes.filter(({ name }) => name !== 'switch')
    expect(() => chooseCapturePoints({ ...sidecars, nodes })).toThrow('the namespace "switch"')
  })
})

describe('toTopologyRecord', () => {
  it('names the nodes at the ends of each link, and leaves switches to their links', () => {
    const { nodes, links } = toTopologyRecord(sidecars)
    expect(nodes.map(({ name }) => name)).not.toContain('switch')
    expect(links).toEqual([
      { name: 'a', between: ['service-a', 'kong-a'] },
      { name: 'mesh', between: ['control-plane', 'kong-a', 'kong-b'] },
      { name: 'b', between: ['kong-b', 'service-b'] },
    ])
  })
})
