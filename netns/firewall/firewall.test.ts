import { spawnSync } from 'node:child_process'
import { describe } from 'vitest'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { firewallSuite } from './firewall-suite.ts'
import { iptablesFirewall } from './iptables-firewall.ts'
import { nftFirewall } from './nft-firewall.ts'
import { podSuite } from './pod-suite.ts'

describe('nft in process', () => {
  podSuite(nftFirewall)
  firewallSuite(nftFirewall, (namespace) => {
    feed(
      namespace,
      ['nft', '-f', '-'],
      `table inet filter {
         chain input { type filter hook input priority 0; policy accept; tcp dport 22 accept
         }
       }`,
    )
  })
})

describe('iptables by its tools', () => {
  podSuite(iptablesFirewall)
  firewallSuite(iptablesFirewall, (namespace) => {
    for (const tool of ['iptables-restore', 'ip6tables-restore'] as const) {
      const mangle = '*mangle\n:theirs -\n-A PREROUTING -j theirs\n-A theirs -p tcp -j RETURN\n'
      const nat = '*nat\n-A OUTPUT -p tcp --dport 22 -j ACCEPT\n'
      feed(namespace, [tool], `${mangle}COMMIT\n${nat}COMMIT\n`)
    }
  })
})

function feed(
  namespace: NetworkNamespace,
  [program, ...args]: readonly [string, ...string[]],
  input: string,
): void {
  const { status, stderr } = namespace.run(() =>
    spawnSync(program, args, { input, encoding: 'utf8' }),
  )
  if (status !== 0) throw new Error(stderr)
}
