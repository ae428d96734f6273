import { describe, expect, it } from 'vitest'
import { NetworkNamespace } from '#netns/namespace.ts'
import { listAddresses, listLinks, listPolicyRules, listRoutes } from './listings.ts'
import { NetlinkSocket } from './netlink-socket.ts'
import { addAddress, addBridge, addPolicyRule, addRoute, setLinkUp } from './route-requests.ts'

const lo = { name: 'lo', index: 1 }

describe('NetlinkSocket', () => {
  it('names the operation that failed, its place and its errno', () => {
    using namespace = NetworkNamespace.create({ label: 'kong-a' })
    using socket = namespace.run(() => new NetlinkSocket('kong-a'))
    const address = addAddress('10.0.0.1/24', lo)
    socket.transact([setLinkUp(lo), address])
    expect(() => socket.transact([address, setLinkUp(lo)])).toThrow(
      /^Cannot add address 10.0.0.1\/24 to lo in kong-a: EEXIST/,
    )
  })

  it('passes on what the kernel says in words', () => {
    using namespace = NetworkNamespace.create({ label: 'kong-a' })
    using socket = namespace.run(() => new NetlinkSocket('kong-a'))
    const route = {
      destination: 'default',
      type: 'unicast',
      via: '10.1.0.3',
      interface: undefined,
      table: 254,
      family: 4,
      reason: 'a gateway nobody knows',
    } as const
    expect(() => socket.transact([setLinkUp(lo), addRoute(route, undefined)])).toThrow(
      'Cannot add route default via 10.1.0.3 (IPv4) in kong-a: ENETUNREACH (Nexthop has invalid gateway)',
    )
  })

  it('is of use after a failure', () => {
    using namespace = NetworkNamespace.create({ label: 'kong-a' })
    using socket = namespace.run(() => new NetlinkSocket('kong-a'))
    const bridge = addBridge({ name: 'br0', index: 7 })
    expect(() => socket.transact([bridge, bridge, bridge])).toThrow('Cannot add bridge br0')
    socket.transact([addBridge({ name: 'br1', index: 8 })])
    expect(listLinks(socket)).toEqual(expect.arrayContaining(['7: br0 bridge', '8: br1 bridge']))
  })

  it('carries out more requests than fit one send', () => {
    using namespace = NetworkNamespace.create({ label: 'kong-a' })
    using socket = namespace.run(() => new NetlinkSocket('kong-a'))
    const addresses = Array.from({ length: 1_200 }, (_, n) => `10.9.${n >> 8}.${n & 255}/32`)
    socket.transact([setLinkUp(lo), ...addresses.map((address) => addAddress(address, lo))])
    expect(listAddresses(socket)).toEqual(
      expect.arrayContaining(addresses.map((address) => `1: ${address}`)),
    )
  })

  it('takes routing tables and marks above 255, and a destination with bits after its prefix', () => {
    using namespace = NetworkNamespace.create({ label: 'kong-a' })
    using socket = namespace.run(() => new NetlinkSocket('kong-a'))
    const reason = 'test'
    const rule = { mark: 41_136, table: 1_000, priority: 50, reason }
    const route = { type: 'local', via: undefined, interface: 'lo', table: 1_000, reason } as const
    socket.transact([
      setLinkUp(lo),
      addPolicyRule({ ...rule, family: 4 }),
      addPolicyRule({ ...rule, family: 6 }),
      addRoute({ ...route, family: 4, destination: '10.5.6.7/12' }, lo),
      addRoute({ ...route, family: 6, destination: 'fd00:5::9/33' }, lo),
    ])
    expect(listPolicyRules(socket)).toEqual(
      expect.arrayContaining([
        'IPv4 50: fwmark 41136 lookup 1000',
        'IPv6 50: fwmark 41136 lookup 1000',
      ]),
    )
    expect(listRoutes(socket)).toEqual(
      expect.arrayContaining([
        'IPv4 local 10.0.0.0/12 dev 1 table 1000',
        'IPv6 local fd00:5::/33 dev 1 table 1000',
      ]),
    )
  })
})
