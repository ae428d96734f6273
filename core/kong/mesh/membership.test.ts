import { describe, expect, it } from 'vitest'
import type { Authority, ClusterCa } from '#core/kong/entities/cluster-ca.ts'
import { clusterCaOf } from './ensure-cluster-ca.ts'
import { isComplete, membershipOf, type NodeIdentities } from './membership.ts'

describe('membershipOf', () => {
  const row = { ...clusterCaOf(authority('b')), next: authority('c'), previous: authority('a') }

  it('names the node', () => {
    expect(member(row, 'b')?.nodeId).toBe('n1')
  })

  it('puts the authority in force first, then the next, then the previous one', () => {
    expect(protocols(member(row, 'a', 'b', 'c'))).toEqual(['b', 'c', 'a'])
  })

  it('does without authorities that the node has no certificate of', () => {
    expect(protocols(member(row, 'a', 'c'))).toEqual(['c', 'a'])
    expect(member(row)).toBeUndefined()
  })

  it('knows nothing of an authority that is not in the row any more', () => {
    const alone = clusterCaOf(authority('b'))
    expect(protocols(member(alone, 'a', 'b'))).toEqual(['b'])
    expect(member(alone, 'a')).toBeUndefined()
  })

  it('is complete with the certificates of all authorities and no others', () => {
    expect(isComplete(row, identities('a', 'b', 'c'))).toBe(true)
    expect(isComplete(row, identities('a', 'b'))).toBe(false)
    expect(isComplete(row, identities('a', 'b', 'c', 'd'))).toBe(false)
  })
})

function member(row: ClusterCa, ...names: readonly string[]): ReturnType<typeof membershipOf> {
  return membershipOf(row, { nodeId: 'n1', identities: identities(...names) })
}

function authority(name: string): Authority {
  return { cert: name, key: `key of ${name}` }
}

function identities(...names: readonly string[]): NodeIdentities {
  const identity = { certificate: '', privateKey: '' }
  return new Map(names.map((name) => [name, { protocol: name, certificate: name, identity }]))
}

function protocols(membership: ReturnType<typeof membershipOf>): readonly string[] {
  return membership?.authorities.map(({ protocol }) => protocol) ?? []
}
