import { describe, expect, it } from 'vitest'
import { renderNft, renderNftRemoval } from './nft.ts'
import type { Rule } from './rule-set.ts'

const rule: Rule = {
  hook: 'prerouting',
  family: 4,
  match: { inputInterface: 'dn0', protocol: 'tcp', destinationPorts: [19_443, 19_000, 19_443] },
  action: { kind: 'tproxy', address: '127.0.0.1', port: 9_000, mark: 1 },
  reason: 'Connections go to the proxy',
}

describe('renderNft', () => {
  it('replaces the table of the set in one go, and fails closed behind each tproxy', () => {
    expect(renderNft({ name: 'sidecar', rules: [rule] })).toBe(`\
add table inet rules-sidecar
delete table inet rules-sidecar
table inet rules-sidecar {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    meta nfproto ipv4 iifname "dn0" meta l4proto tcp tcp dport { 19443, 19000 } counter tproxy ip to 127.0.0.1:9000 meta mark set 1 accept comment "sidecar 0: Connections go to the proxy"
    meta nfproto ipv4 iifname "dn0" meta l4proto tcp tcp dport { 19443, 19000 } drop
  }
}
`)
  })

  it('renders each match, negated too, in the words of its family', () => {
    const match = {
      outputInterface: { not: 'lo' },
      source: { not: 'fd00::/64' },
      destination: { is: 'fd00:2::5' },
      protocol: 'udp',
      mark: { not: 2 },
      uid: { is: 1_337 },
    } as const
    const action = { kind: 'mark', mark: 1 } as const
    expect(
      renderNft({ name: 'out', rules: [{ ...rule, hook: 'output', family: 6, match, action }] }),
    ).toContain(
      'meta nfproto ipv6 oifname != "lo" ip6 saddr != fd00::/64 ip6 daddr fd00:2::5 meta l4proto udp meta mark != 2 meta skuid 1337 counter meta mark set 1 comment',
    )
  })

  it('names no address for a listener on every address', () => {
    const action = { kind: 'tproxy', address: '::', port: 15_001 } as const
    expect(renderNft({ name: 'any', rules: [{ ...rule, family: 6, action }] })).toContain(
      'tproxy ip6 to :15001 accept',
    )
  })

  it('puts exceptions to a redirect into the same chain, in their order', () => {
    const output = { hook: 'output', family: 4, reason: 'test' } as const
    const rules: Rule[] = [
      { ...output, match: { mark: { is: 2 } }, action: { kind: 'return' } },
      { ...output, match: { protocol: 'tcp' }, action: { kind: 'redirect', port: 15_001 } },
    ]
    expect(renderNft({ name: 'pod', rules }, { fresh: true })).toBe(`\
create table inet rules-pod
table inet rules-pod {
  chain output {
    type nat hook output priority -100; policy accept;
    meta nfproto ipv4 meta mark 2 counter return comment "pod 0: test"
    meta nfproto ipv4 meta l4proto tcp counter redirect to :15001 comment "pod 1: test"
  }
}
`)
  })

  it('refuses what it cannot render', () => {
    expect(() => renderNft({ name: 'Side Car', rules: [] })).toThrow('Cannot render rule set')
  })
})

describe('renderNftRemoval', () => {
  it('deletes the table, whether it is there or not', () => {
    expect(renderNftRemoval('sidecar')).toBe(
      'add table inet rules-sidecar\ndelete table inet rules-sidecar\n',
    )
  })
})
