import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sidecarPlan } from './sidecar-plan.ts'
import { runInNamespace } from './command.ts'
import { fingerprint } from './fingerprint.ts'
import { accept, dial } from './firewall/proxied-path.ts'
import { NetworkNamespace } from './namespace.ts'
import { openNetwork } from './network.ts'
import type { NetworkPlan } from './network-plan.ts'

/** Also those of sockets and of what else this process has open. */
function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** A first packet that is lost is sent again after a second. */
const BEFORE_RETRY = { patienceMs: 900 }

describe('openNetwork', () => {
  it('builds what the plan says', async () => {
    using network = openNetwork(sidecarPlan)
    const { addresses, routes, policyRules } = network.namespace('ka').run(fingerprint)
    expect(addresses).toEqual(
      expect.arrayContaining(['101: 10.1.0.3/24', '101: fd00:1::3/64', '102: 10.0.0.3/24']),
    )
    expect(routes).toEqual(
      expect.arrayContaining([
        'IPv4 local default dev 1 table 100',
        'IPv6 local default dev 1 table 100',
        'IPv4 unicast 10.2.0.0/24 via 10.0.0.4 dev 102 table 254',
        'IPv6 unicast fd00:2::/64 via fd00::4 dev 102 table 254',
      ]),
    )
    expect(policyRules).toEqual(
      expect.arrayContaining(['IPv4 100: fwmark 1 lookup 100', 'IPv6 100: fwmark 1 lookup 100']),
    )
    const { stdout } = await runInNamespace(network.namespace('switch'), ['ip', '-o', 'link'])
    expect(stdout).toMatch(/ka@if\d+: <[^>]*\bUP\b[^>]*> .* master mesh state UP/)
  })

  it('builds into namespaces that it is given, and lets go of them with the network', () => {
    const before = openDescriptors()
    const given = new Map(
      sidecarPlan.namespaces.map(({ name }) => [name, NetworkNamespace.create({ label: name })]),
    )
    const openNamespace = (name: string): NetworkNamespace => {
      const found = given.get(name)
      if (found === undefined) throw new Error(`nobody asks for ${name}`)
      return found
    }
    {
      using network = openNetwork(sidecarPlan, { openNamespace })
      expect(network.namespace('ka')).toBe(given.get('ka'))
      expect(network.namespace('ka').run(fingerprint).addresses).toContain('101: 10.1.0.3/24')
    }
    expect(openDescriptors()).toBe(before)
  })

  it.each(['10.0.0.4', 'fd00::4'])(
    'passes packets to %s as soon as it is built',
    async (address) => {
      for (let round = 0; round < 5; round++) {
        using network = openNetwork(sidecarPlan)
        const endpoint = { address, port: 8_080 }
        // One network after the other: each is tried the moment it is there.
        // oxlint-disable-next-line no-await-in-loop
        await using server = await accept(network.namespace('kb'), endpoint)
        // oxlint-disable-next-line no-await-in-loop
        expect(await dial(network.namespace('c'), endpoint, BEFORE_RETRY)).toBe('connected')
        expect(server.accepted).toHaveLength(1)
      }
    },
  )

  it('builds a bridge with more ports than answers fit the buffer of a socket', () => {
    const [first] = sidecarPlan.namespaces
    if (first === undefined) throw new Error('the plan has namespaces')
    const bare = { ...first, routes: [] }
    const ends = Array.from({ length: 120 }, (_, n) => ({
      namespace: 'node',
      interface: `eth${n}`,
      addresses: [`10.${n}.0.1/24`],
    }))
    using network = openNetwork({
      namespaces: [
        { ...bare, name: 'switch' },
        { ...bare, name: 'node' },
      ],
      links: [
        {
          kind: 'bridge',
          name: 'mesh',
          namespace: 'switch',
          ends,
        },
      ],
    })
    const { addresses } = network.namespace('node').run(fingerprint)
    const isThere = (address = ''): boolean =>
      addresses.some((line) => line.endsWith(`: ${address}`))
    expect(ends.filter((end) => !isThere(end.addresses[0]))).toEqual([])
  })

  it('turns forwarding off unless the plan names it', () => {
    const [first, ...others] = sidecarPlan.namespaces
    if (first === undefined) throw new Error('the plan has namespaces')
    const sysctls = { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.eth0.rp_filter': '2' }
    using network = openNetwork({ ...sidecarPlan, namespaces: [{ ...first, sysctls }, ...others] })
    const read = (name: string, key: string): string =>
      network.namespace(name).run(() => readFileSync(`/proc/sys/net/${key}`, 'utf8').trim())
    expect(read('sa', 'ipv4/ip_forward')).toBe('1')
    expect(read('sa', 'ipv4/conf/eth0/rp_filter')).toBe('2')
    expect(read('sa', 'ipv6/conf/all/forwarding')).toBe('0')
    expect(read('ka', 'ipv4/ip_forward')).toBe('0')
  })

  it('leaves nothing, neither after disposing nor after a step that fails', () => {
    const before = { host: fingerprint(), descriptors: openDescriptors() }
    const network = openNetwork(sidecarPlan)
    expect(openDescriptors()).toBeGreaterThan(before.descriptors)
    network[Symbol.dispose]()
    const wrong = { 'net.ipv4.no_such_key': '1' }
    const broken: NetworkPlan = {
      ...sidecarPlan,
      namespaces: sidecarPlan.namespaces.map((node) =>
        node.name === 'switch' ? { ...node, sysctls: wrong } : node,
      ),
    }
    expect(() => openNetwork(broken)).toThrow(
      'Cannot set sysctl net.ipv4.no_such_key to "1" in switch: there is no such key',
    )
    expect({ host: fingerprint(), descriptors: openDescriptors() }).toEqual(before)
  })

  it('lists every fault of a plan before it does anything', () => {
    const namespaces = sidecarPlan.namespaces.filter(
      ({ name }) => name !== 'switch' && name !== 'c',
    )
    expect(() => openNetwork({ ...sidecarPlan, namespaces })).toThrow(
      'Cannot build the network: link "mesh": there is no namespace "c"; link "mesh": there is no namespace "switch"',
    )
  })

  it('knows its namespaces by name alone', () => {
    using network = openNetwork(sidecarPlan)
    expect(() => network.namespace('kc')).toThrow('The network has no namespace "kc"')
  })
})
