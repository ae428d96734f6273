import { once } from 'node:events'
import { spawnSync } from 'node:child_process'
import type net from 'node:net'
import { describe, expect, it } from 'vitest'
import { openNetwork, type Network } from '#netns/network.ts'
import { emptyNamespace, type NetworkPlan } from '#netns/network-plan.ts'
import { interceptOnPath } from '#netns/firewall/transparent-proxy.ts'
import { resetConnections } from '#netns/shaping/reset-connections.ts'
import { connectTcp, listenTcp } from '#netns/sockets.ts'
import {
  compareStates,
  hashState,
  readNamespaceState,
  type NetworkState,
} from './namespace-state.ts'
import { rememberNamespace, restoreNamespace } from './restore-namespace.ts'
import { readTcpSockets } from './tcp-sockets.ts'
import { forgetTracked } from './tracked.ts'

const { ruleSet, routes, policyRules } = interceptOnPath({
  name: 'mesh',
  inputInterface: 'eth0',
  targets: [{ ports: [80], listener: { address: '127.0.0.1', port: 8000 } }],
})
const plan: NetworkPlan = {
  namespaces: [
    { name: 'left', ...emptyNamespace, routes, policyRules, ruleSets: [ruleSet] },
    { name: 'right', ...emptyNamespace },
  ],
  links: [
    {
      kind: 'veth',
      name: 'wire',
      ends: [
        { namespace: 'left', interface: 'eth0', addresses: ['10.9.0.1/24', 'fd09::1/64'] },
        { namespace: 'right', interface: 'eth0', addresses: ['10.9.0.2/24', 'fd09::2/64'] },
      ],
    },
  ],
}

function read(network: Network): NetworkState {
  return Object.fromEntries(
    plan.namespaces.map(({ name }) => [name, readNamespaceState(network.namespace(name))]),
  )
}

function run(network: Network, command: string): void {
  const { status, stderr } = network
    .namespace('left')
    .run(() => spawnSync('bash', ['-c', command], { encoding: 'utf8' }))
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
}

/** Each leaves a trace of one kind, and what the comparison says of it. */
const traces: readonly (readonly [string, RegExp])[] = [
  ['ip link add br0 type bridge', /^\+ left links: br0 bridge down/],
  ['ip link set eth0 mtu 1400', /^\+ left links: eth0 veth up mtu 1400/],
  ['ip address add 10.9.0.7/24 dev eth0', /^\+ left addresses: eth0 10\.9\.0\.7\/24/],
  ['ip address delete fd09::1/64 dev eth0', /^- left addresses: eth0 fd09::1\/64/],
  ['ip route add 10.8.0.0/16 via 10.9.0.2', /^\+ left routes: IPv4 unicast 10\.8\.0\.0\/16 via/],
  ['ip -6 route add fd08::/64 via fd09::2 table 77', /^\+ left routes: IPv6 .* table 77$/],
  ['ip route delete local default dev lo table 100', /^- left routes: IPv4 local default dev lo/],
  ['ip rule add fwmark 2 lookup 100 priority 90', /^\+ left policyRules: IPv4 90: fwmark 0x2/],
  ['ip -6 rule add uidrange 7-8 lookup 9', /^\+ left policyRules: IPv6 32765: attribute 20/],
  ['nft delete table inet rules-mesh', /^- left rules: inet rules-mesh chain prerouting 2: /],
  ['nft insert rule inet rules-mesh prerouting accept', /^\+ left rules: .* 2: accept$/],
  [
    'iptables -t mangle -A OUTPUT -j MARK --set-mark 5',
    /^\+ left rules: ip mangle chain OUTPUT 2: .* 0x5/,
  ],
  ['sysctl -qw net.ipv4.ip_forward=1', /^\+ left sysctls: net\.ipv4\.ip_forward = 1/],
  ['sysctl -qw net.ipv4.conf.eth0.rp_filter=2', /^\+ left sysctls: .*eth0\.rp_filter = 2/],
  [
    'tc qdisc add dev eth0 root tbf rate 1mbit burst 10k latency 1s',
    /^\+ left queues: eth0 root tbf/,
  ],
]

describe(readNamespaceState, () => {
  it('tells of a rule put before others that it alone is new, and of two that changed places both', () => {
    using network = openNetwork(plan)
    const watch = 'nft add rule ip watch out'
    run(
      network,
      "nft add table ip watch; nft add chain ip watch out '{ type filter hook output priority 0; }'",
    )
    run(network, `${watch} tcp dport 1 accept; ${watch} tcp dport 2 accept`)
    const before = read(network)
    run(network, 'nft insert rule ip watch out drop')
    expect(compareStates(before, read(network))).toStrictEqual([
      '+ left rules: ip watch chain out 2: drop',
    ])
    run(
      network,
      `nft flush chain ip watch out; ${watch} tcp dport 2 accept; ${watch} tcp dport 1 accept`,
    )
    expect(compareStates(before, read(network))).toHaveLength(4)
  })

  it('is the same for a network made twice', () => {
    using one = openNetwork(plan)
    using other = openNetwork(plan)
    expect(compareStates(read(one), read(other))).toStrictEqual([])
    expect(hashState(read(one))).toBe(hashState(read(other)))
  })

  it.each(traces)('shows what "%s" leaves', (command, told) => {
    using network = openNetwork(plan)
    const before = read(network)
    run(network, command)
    const after = read(network)
    expect(hashState(after)).not.toBe(hashState(before))
    expect(compareStates(before, after)).toContainEqual(expect.stringMatching(told))
    expect(compareStates(after, after)).toStrictEqual([])
  })

  it.each(traces)('is as before once what "%s" leaves is taken back', async (command) => {
    using network = openNetwork(plan)
    const namespace = network.namespace('left')
    const memory = rememberNamespace(namespace, { sysctls: [] })
    const before = read(network)
    run(network, command)
    restoreNamespace(namespace, memory)
    const { ruleSets = [] } = plan.namespaces[0] ?? {}
    if (/nft (?:delete|insert)/.test(command)) {
      // Whoever made the rules makes them anew.
      for (const each of ruleSets) network.firewall.apply(namespace, each)
    }
    // The kernel makes the routes of IPv6 addresses in its own time.
    await expect.poll(() => compareStates(before, read(network))).toStrictEqual([])
  })

  it('comes back after its link was down, which takes addresses and routes along', async () => {
    using network = openNetwork(plan)
    const namespace = network.namespace('left')
    const memory = rememberNamespace(namespace, { sysctls: [] })
    run(network, 'ip link set eth0 down; ip route flush table 100')
    expect(readNamespaceState(namespace).routes.length).toBeLessThan(memory.state.routes.length)
    restoreNamespace(namespace, memory)
    await expect.poll(() => readNamespaceState(namespace)).toStrictEqual(memory.state)
  })

  it('does not count what only passes: packets, and the neighbours they made known', async () => {
    using network = openNetwork(plan)
    const before = read(network)
    run(network, 'echo > /dev/udp/10.9.0.2/9; echo > /dev/udp/fd09::2/9')
    expect(compareStates(before, read(network))).toStrictEqual([])
  })
})

describe('connections', () => {
  it.each([
    ['10.9.0.1', '10.9.0.2'],
    ['fd09::1', 'fd09::2'],
  ])('from %s are shown at both ends and, broken off, end with a reset', async (from, to) => {
    using network = openNetwork(plan)
    const before = read(network)
    await using accepted = new AsyncDisposableStack()
    const peers: net.Socket[] = []
    const server = await listenTcp(network.namespace('right'), { address: to, port: 7 }, (peer) => {
      peers.push(peer)
    })
    accepted.defer(() => {
      server.close()
    })
    const client = connectTcp(network.namespace('left'), { address: to, port: 7 })
    accepted.defer(() => {
      client.destroy()
    })
    await Promise.all([once(client, 'connect'), once(server, 'connection')])
    const told = once(client, 'error')
    const peerEnded = Promise.all(peers.map((peer) => once(peer, 'error')))

    const during = compareStates(before, read(network)).join('\n')
    expect(during).toMatch(new RegExp(`\\+ left connections: ${from} port \\d+ to ${to} port 7`))
    expect(during).toMatch(new RegExp(`\\+ right listening: ${to} port 7`))
    expect(during).toMatch(new RegExp(`\\+ right connections: ${to} port 7 to ${from}`))

    const left = network.namespace('left')
    resetConnections(left, left.run(() => readTcpSockets('left')).connected)
    const [[error], [[peerError] = []]] = await Promise.all([told, peerEnded])
    expect(error).toMatchObject({ code: 'ECONNABORTED' })
    expect(peerError).toMatchObject({ code: 'ECONNRESET' })
    expect(compareStates(before, read(network)).join('\n')).not.toMatch(/connections/)
  })

  it('that connection tracking remembers are shown until they are forgotten', () => {
    using network = openNetwork(plan)
    run(network, 'nft add table ip watch')
    run(network, "nft add chain ip watch out '{ type filter hook output priority 0; }'")
    run(network, 'nft add rule ip watch out ct state new accept')
    const before = read(network)
    run(network, 'echo > /dev/udp/10.9.0.2/9')
    expect(compareStates(before, read(network))).toStrictEqual([
      expect.stringMatching(/^\+ left tracked: udp 10\.9\.0\.1 port \d+ to 10\.9\.0\.2 port 9$/),
    ])
    network.namespace('left').run(() => {
      forgetTracked('left')
    })
    expect(compareStates(before, read(network))).toStrictEqual([])
  })
})
