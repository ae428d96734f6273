import { describe, expect, it } from 'vitest'
import { probeCapabilities, type Capability } from './capabilities.ts'
import { chooseFirewall } from './firewall/choose-firewall.ts'
import { fingerprint } from './fingerprint.ts'

describe('probeCapabilities', () => {
  it('finds what this suite lives on, gives a reason for what is missing, and leaves nothing', async () => {
    const before = fingerprint()
    const capabilities = await probeCapabilities()
    const works = capabilities.filter((capability) => capability.works).map(({ name }) => name)
    expect(works).toEqual(
      expect.arrayContaining([
        'network namespaces',
        'veth',
        'bridge',
        'policy routing',
        'IP_TRANSPARENT',
        'nft TPROXY IPv4',
        'iptables TPROXY IPv4',
      ]),
    )
    for (const { works: found, why } of capabilities) {
      expect(why === undefined).toBe(found)
    }
    expect(fingerprint()).toEqual(before)
  })
})

describe('chooseFirewall', () => {
  it('prefers nft in process', () => {
    expect(chooseFirewall([]).name).toBe('nft')
  })

  it('takes iptables where nft cannot intercept one of the families', () => {
    expect(chooseFirewall(missing('nft TPROXY IPv6')).name).toBe('iptables')
  })

  it('says why when neither can', () => {
    expect(() =>
      chooseFirewall(missing('nft in process', 'iptables TPROXY IPv4', 'netem')),
    ).toThrow('nft in process: not here; iptables TPROXY IPv4: not here')
  })
})

function missing(...names: Capability['name'][]): Capability[] {
  return names.map((name) => ({ name, works: false, why: 'not here' }))
}
