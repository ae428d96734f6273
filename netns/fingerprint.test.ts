import { describe, expect, it } from 'vitest'
import { fingerprint, type Fingerprint } from './fingerprint.ts'
import { iptablesFirewall } from './firewall/iptables-firewall.ts'
import { nftFirewall } from './firewall/nft-firewall.ts'
import { NetworkNamespace } from './namespace.ts'
import { NetlinkSocket } from './netlink/netlink-socket.ts'
import {
  addAddress,
  addBridge,
  addPolicyRule,
  addRoute,
  setLinkUp,
} from './netlink/route-requests.ts'
import type { NetlinkRequest } from './netlink/message.ts'

const lo = { name: 'lo', index: 1 }
const reason = 'test'
const rules = [
  { hook: 'prerouting', family: 4, match: {}, action: { kind: 'accept' }, reason },
] as const
const local = { type: 'local', via: undefined, interface: 'lo', table: 7, family: 4 } as const

function send(request: NetlinkRequest) {
  return (namespace: NetworkNamespace): void => {
    using socket = namespace.run(() => new NetlinkSocket('test'))
    socket.transact([request])
  }
}

const changes: [keyof Fingerprint, string, (namespace: NetworkNamespace) => void][] = [
  ['links', 'a link', send(addBridge({ name: 'br0', index: 9 }))],
  ['addresses', 'an address', send(addAddress('10.0.0.1/32', lo))],
  ['routes', 'a route', send(addRoute({ ...local, destination: '10.7.0.0/16', reason }, lo))],
  [
    'policyRules',
    'a policy rule',
    send(addPolicyRule({ family: 6, mark: 1, table: 7, priority: 9, reason })),
  ],
  [
    'firewall',
    'an nft rule',
    (namespace) => {
      nftFirewall.apply(namespace, { name: 'test', rules })
    },
  ],
  [
    'firewall',
    'an iptables rule',
    (namespace) => {
      iptablesFirewall.apply(namespace, { name: 'test', rules })
    },
  ],
]

describe('fingerprint', () => {
  it.each(changes)('shows among %s that %s was left', (part, _what, change) => {
    using namespace = NetworkNamespace.create()
    send(setLinkUp(lo))(namespace)
    const before = namespace.run(fingerprint)
    expect(namespace.run(fingerprint)).toEqual(before)
    change(namespace)
    expect(namespace.run(fingerprint)[part]).not.toEqual(before[part])
  })
})
