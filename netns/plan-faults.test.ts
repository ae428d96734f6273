import { describe, expect, it } from 'vitest'
import { sidecarPlan } from './sidecar-plan.ts'
import type { NamespacePlan, NetworkPlan } from './network-plan.ts'
import { planFaults } from './plan-faults.ts'

const empty: NamespacePlan = {
  name: 'a',
  sysctls: {},
  loopbackAddresses: [],
  routes: [],
  policyRules: [],
  ruleSets: [],
}

function faultsOf(node: Partial<NamespacePlan>, links: NetworkPlan['links'] = []): string[] {
  return planFaults({ namespaces: [{ ...empty, ...node }], links })
}

describe('planFaults', () => {
  it('finds none in a plan that can be built', () => {
    expect(planFaults(sidecarPlan)).toEqual([])
  })

  it('finds names that are taken or not allowed', () => {
    const namespaces = [empty, empty, { ...empty, name: 'Kong A' }]
    const links = [1, 2].map(() => ({ kind: 'veth', name: 'l', ends: [end(), end()] }) as const)
    expect(planFaults({ namespaces, links })).toEqual([
      'namespaces: "a" is named twice',
      'links: "l" is named twice',
      'namespace "Kong A": a name has 1 to 63 of a-z, 0-9 and "-"',
      'namespace "a": two interfaces are named "eth0"',
    ])
  })

  it('finds ends in namespaces that are not there, and interface names too long', () => {
    const ends = [end('b'), end('a', 'sixteen-letters-')] as const
    expect(faultsOf({}, [{ kind: 'veth', name: 'l', ends }])).toEqual([
      'link "l": there is no namespace "b"',
      'link "l": interface "sixteen-letters-": an interface name has 1 to 15 letters, digits, "-" and "_"',
    ])
  })

  it('finds addresses that cannot be read, have no prefix or are on two ends of a link', () => {
    const ends = [
      end('a', 'eth0', '10.0.0.1/24', '10.0.0.300/24'),
      end('a', 'eth1', '10.0.0.1/16', 'fd00::1'),
    ]
    expect(
      faultsOf({ loopbackAddresses: ['x/8'] }, [
        { kind: 'bridge', name: 'br', namespace: 'c', ends },
      ]),
    ).toEqual([
      'namespace "a" lo: "x/8" is not an address in CIDR form',
      'link "br": there is no namespace "c"',
      'link "br" eth0: "10.0.0.300/24" is not an address in CIDR form',
      'link "br" eth1: fd00::1 has no prefix length, such as /24',
      'link "br": two ends have the address 10.0.0.1',
    ])
  })

  it('finds routes of a wrong family, to nowhere and given twice', () => {
    const route = {
      destination: 'fd00::/64',
      type: 'unicast',
      via: undefined,
      interface: undefined,
      table: 0,
      family: 4,
      reason: 'test',
    } as const
    expect(
      faultsOf({ routes: [route, { ...route, interface: 'eth7', table: 254 }, route] }),
    ).toEqual([
      'namespace "a" routes[0]: fd00::/64 is not IPv4',
      'namespace "a" routes[0]: neither via nor interface is given',
      'namespace "a" routes[0]: 0 is not a routing table',
      'namespace "a" routes[1]: fd00::/64 is not IPv4',
      'namespace "a" routes[1]: there is no interface "eth7"',
      'namespace "a" routes[2]: fd00::/64 is not IPv4',
      'namespace "a" routes[2]: neither via nor interface is given',
      'namespace "a" routes[2]: 0 is not a routing table',
      'namespace "a" routes: two routes to fd00::/64 in table 0 (IPv4)',
    ])
  })

  it('finds settings of the whole machine, marks of nothing and rules for interfaces not there', () => {
    expect(
      faultsOf({
        sysctls: { 'vm.swappiness': '1' },
        policyRules: [{ family: 4, mark: 0, table: 100, priority: -1, reason: 'test' }],
        ruleSets: [
          {
            name: 'set',
            rules: [
              {
                hook: 'prerouting',
                family: 4,
                match: { inputInterface: 'eth9' },
                action: { kind: 'drop' },
                reason: '',
              },
            ],
          },
        ],
      }),
    ).toEqual([
      'namespace "a" sysctls: "vm.swappiness" is not a key below "net."',
      'namespace "a" policyRules[0]: 0 is not a mark',
      'namespace "a" policyRules[0]: -1 is not a priority',
      'namespace "a" rule set "set" rules[0]: a reason is missing',
      'namespace "a" rule set "set": there is no interface "eth9"',
    ])
  })
})

function end(namespace = 'a', name = 'eth0', ...addresses: string[]) {
  return { namespace, interface: name, addresses }
}
