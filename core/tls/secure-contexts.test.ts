import { describe, expect, it } from 'vitest'
import { chooseServerContext, secureContext } from './secure-contexts.ts'
import { kongSubject, selfSigned } from './self-signed.ts'

const fallback = await selfSigned(kongSubject)
const named = await selfSigned({ ...kongSubject, commonName: 'named.test' })

describe('chooseServerContext', () => {
  const identities = { fallback, byServerName: new Map([['named.test', named]]) }

  it('takes the identity of the server name, and otherwise the fallback', async () => {
    expect(await chooseServerContext(identities, 'named.test')).toBe(secureContext(named))
    expect(await chooseServerContext(identities, 'other.test')).toBe(secureContext(fallback))
    expect(await chooseServerContext(identities, undefined)).toBe(secureContext(fallback))
  })

  it('does not wait for a fallback that is not needed', async () => {
    const pending = { ...identities, fallback: new Promise<never>(() => {}) }
    expect(await chooseServerContext(pending, 'named.test')).toBe(secureContext(named))
  })

  it('refuses a key that belongs to another certificate', async () => {
    const mixed = { certificate: fallback.certificate, privateKey: named.privateKey }
    const failing = chooseServerContext({ ...identities, fallback: mixed }, undefined)
    await expect(failing).rejects.toThrow(/key values mismatch/)
  })
})
