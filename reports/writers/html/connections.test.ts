import { describe, expect, it } from 'vitest'
import type { HopRecord } from '#reports/record/record.ts'
import { sampleRecord, sampleScenario } from '#reports/writers/sample-record.ts'
import { compileConnections } from './connections.ts'

const [sidecars, tutorial] = sampleRecord().topologies

function seen(link: string, from: string, change: Partial<HopRecord> = {}): HopRecord {
  const [hop] = sampleScenario().hops
  if (hop === undefined) throw new Error('the sample has no hops')
  return { ...hop, link, from, to: 'service-b', source: `${from}:40000`, ...change }
}

function drawn(hops: readonly HopRecord[], topology = sidecars): readonly string[] {
  return compileConnections(hops, topology).map(
    ({ from, to, dialled, links }) => `${from} to ${to} for ${dialled} on ${links.join()}`,
  )
}

describe('compileConnections', () => {
  it('ends a connection at the proxy that took it, though another address was dialled', () => {
    expect(drawn([seen('a', 'service-a'), seen('mesh', 'kong-a'), seen('b', 'kong-b')])).toEqual([
      'service-a to kong-a for service-b on a',
      'kong-a to kong-b for service-b on mesh',
      'kong-b to service-b for service-b on b',
    ])
  })

  it('makes one connection of what was forwarded past the proxies', () => {
    const forwarded = ['a', 'mesh', 'b'].map((link) => seen(link, 'service-a'))
    expect(drawn(forwarded)).toEqual(['service-a to service-b for service-b on a,mesh,b'])
    expect(drawn(forwarded.slice(0, 2))).toEqual(['service-a to kong-b for service-b on a,mesh'])
  })

  it('keeps the packets of the link on which a connection did not arrive', () => {
    const hops = [seen('a', 'service-a'), seen('mesh', 'service-a', { outcome: 'unanswered' })]
    expect(compileConnections(hops, sidecars)[0]?.hop.outcome).toBe('unanswered')
  })

  it('takes the same ports on the same link for a new connection', () => {
    expect(drawn([seen('a', 'service-a'), seen('a', 'service-a')])).toHaveLength(2)
  })

  it('says no more than was dialled where all nodes share a link or none is known', () => {
    const hops = [seen('lo', 'kong-a')]
    expect(drawn(hops, tutorial)).toEqual(['kong-a to service-b for service-b on lo'])
    expect(compileConnections(hops, undefined)).toMatchObject([{ from: 'kong-a', to: 'service-b' }])
  })
})
