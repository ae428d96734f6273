import { describe, expect, it } from 'vitest'
import { clusterCaOf } from './ensure-cluster-ca.ts'
import { makeAuthority, makeKey } from './make-authority.ts'
import { makeNodeIdentities } from './node-identities.ts'

const authority = await makeAuthority()
const row = clusterCaOf(authority)
const other = clusterCaOf(await makeAuthority())
const none = { nodeId: 'n1', known: new Map() }

describe('makeNodeIdentities', () => {
  it('takes a key that is to spare', async () => {
    const spareKey = await makeKey()
    const made = await makeNodeIdentities(row, { ...none, spareKey })
    expect(made.get(row.cert)?.identity.privateKey).toBe(spareKey)
  })

  it.each([
    ['in force', row],
    ['offered', { ...other, next: authority }],
    ['replaced', { ...other, previous: authority }],
  ])('never takes that of an authority %s for a node', async (_, taken) => {
    const made = await makeNodeIdentities(taken, { ...none, spareKey: authority.key })
    expect(made.size).toBeGreaterThan(0)
    for (const { identity } of made.values()) {
      expect(identity.privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----/)
      expect(identity.privateKey).not.toBe(authority.key)
    }
  })

  it('keeps the key of what is known rather than take one that is to spare', async () => {
    const known = await makeNodeIdentities(row, none)
    const both = { ...row, next: await makeAuthority() }
    const made = await makeNodeIdentities(both, { ...none, known, spareKey: await makeKey() })
    const keys = new Set(Array.from(made.values(), ({ identity }) => identity.privateKey))
    expect(keys).toEqual(new Set([known.get(row.cert)?.identity.privateKey]))
  })
})
