import { describe, expect, it } from 'vitest'
import { renderIptables, renderIptablesRemoval } from './iptables.ts'
import type { Rule } from './rule-set.ts'

const rule: Rule = {
  hook: 'prerouting',
  family: 4,
  match: { inputInterface: 'dn0', protocol: 'tcp', destinationPorts: [19_000, 19_443] },
  action: { kind: 'tproxy', address: '127.0.0.1', port: 9_000, mark: 1 },
  reason: 'Connections go to the proxy',
}

describe('renderIptables', () => {
  it('fills a chain of its own and enters it from the hook', () => {
    expect(renderIptables({ name: 'sidecar', rules: [rule] })).toEqual({
      ipv4: `\
*mangle
-N sidecar-pre
-A sidecar-pre -i dn0 -p tcp -m multiport --dports 19000,19443 -m comment --comment "sidecar 0: Connections go to the proxy" -j TPROXY --on-port 9000 --on-ip 127.0.0.1 --tproxy-mark 1
-A PREROUTING -m comment --comment "rule set sidecar" -j sidecar-pre
COMMIT
`,
      ipv6: '',
    })
  })

  it('renders each match, negated too, into the text of its family', () => {
    const match = {
      outputInterface: { not: 'lo' },
      source: { not: 'fd00::/64' },
      destination: { is: 'fd00:2::5' },
      protocol: 'udp',
      mark: { not: 2 },
      uid: { is: 1_337 },
    } as const
    const action = { kind: 'mark', mark: 1 } as const
    const rules: Rule[] = [{ ...rule, hook: 'output', family: 6, match, action }]
    const { ipv4, ipv6 } = renderIptables({ name: 'out', rules })
    expect(ipv4).toBe('')
    expect(ipv6).toContain(
      '-A out-out ! -o lo ! -s fd00::/64 -d fd00:2::5 -p udp -m mark ! --mark 2 -m owner --uid-owner 1337 -m comment',
    )
  })

  it('splits more ports than multiport takes', () => {
    const destinationPorts = Array.from({ length: 31 }, (_, n) => 1_000 + n)
    const match = { protocol: 'tcp', destinationPorts } as const
    const { ipv4 } = renderIptables({ name: 'many', rules: [{ ...rule, match }] })
    const dports = [...ipv4.matchAll(/--dports? (\S+)/g)].map(([, ports]) => ports?.split(','))
    expect(dports.map((ports) => ports?.length)).toEqual([15, 15, 1])
    expect(dports.flat()).toEqual(destinationPorts.map(String))
  })

  it('keeps a mark and an exception to a redirect in the tables where they work', () => {
    const base = { hook: 'output', family: 4, reason: 'test' } as const
    const rules: Rule[] = [
      { ...rule, hook: 'prerouting' },
      { ...base, match: { mark: { is: 2 } }, action: { kind: 'return' } },
      { ...base, match: { protocol: 'tcp' }, action: { kind: 'redirect', port: 15_001 } },
    ]
    const { ipv4 } = renderIptables({ name: 'both', rules })
    const [mangle, nat] = ipv4.split('COMMIT\n')
    expect(mangle).toContain('-j TPROXY')
    expect(nat?.split('\n').slice(2, 4)).toEqual([
      '-A both-out -m mark --mark 2 -m comment --comment "both 1: test" -j RETURN',
      '-A both-out -p tcp -m comment --comment "both 2: test" -j REDIRECT --to-ports 15001',
    ])
  })
})

describe('renderIptablesRemoval', () => {
  const saved = `\
*nat
:PREROUTING ACCEPT [0:0]
COMMIT
*mangle
:PREROUTING ACCEPT [3:180]
:sidecar-pre - [0:0]
:sidecar-pre2 - [0:0]
-A PREROUTING -j sidecar-pre2
-A PREROUTING -m comment --comment "rule set sidecar" -j sidecar-pre
-A sidecar-pre -j RETURN
-A sidecar-pre2 -s 10.0.0.1/32 -j sidecar-pre
COMMIT
`

  it('takes out the chain and what leads into it, and leaves names that only begin alike', () => {
    expect(renderIptablesRemoval('sidecar', { ipv4: saved, ipv6: '' })).toEqual({
      ipv4: `\
*mangle
-D PREROUTING -m comment --comment "rule set sidecar" -j sidecar-pre
-D sidecar-pre2 -s 10.0.0.1/32 -j sidecar-pre
-F sidecar-pre
-X sidecar-pre
COMMIT
`,
      ipv6: '',
    })
  })

  it('renders nothing where nothing is', () => {
    const none = { ipv4: '', ipv6: '' }
    expect(renderIptablesRemoval('side', { ipv4: saved, ipv6: saved })).toEqual(none)
  })
})
