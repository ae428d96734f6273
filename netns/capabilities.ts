import { once } from 'node:events'
import type { Socket } from 'node:net'
import { runInNamespace } from './command.ts'
import type { Firewall } from './firewall/firewall.ts'
import { iptablesFirewall } from './firewall/iptables-firewall.ts'
import { nftFirewall } from './firewall/nft-firewall.ts'
import { interceptOnLoopback, interceptOnPath } from './firewall/transparent-proxy.ts'
import type { Family } from './ip-address.ts'
import { NetworkNamespace } from './namespace.ts'
import { closeDescriptor } from './native.ts'
import { NetlinkSocket } from './netlink/netlink-socket.ts'
import { bindQueue, NETLINK_NETFILTER } from './netlink/queue-requests.ts'
import { openNetwork, type Network } from './network.ts'
import { emptyNamespace, type LinkPlan, type NamespacePlan } from './network-plan.ts'
import { whyNoNetem } from './shaping/netem-works.ts'
import { connectTcp, listenTcp, openTcpSocket } from './sockets.ts'

const names = [
  'network namespaces',
  'veth',
  'bridge',
  'policy routing',
  'IPv6',
  'IP_TRANSPARENT',
  'nft in process',
  'nft TPROXY IPv4',
  'nft TPROXY IPv6',
  'iptables TPROXY IPv4',
  'iptables TPROXY IPv6',
  'netem',
  'NFQUEUE',
] as const

export type CapabilityName = (typeof names)[number]

export interface Capability {
  readonly name: CapabilityName
  readonly works: boolean
  /** What the machine said when it did not work. */
  readonly why?: string
}

/**
 * Finds out what this machine allows by doing each thing in a namespace that is thrown away, TPROXY by intercepting a
 * connection. What a kernel says of itself (module lists, configuration) is not asked.
 */
export async function probeCapabilities(): Promise<readonly Capability[]> {
  const capabilities: Capability[] = []
  for (const name of names) {
    try {
      // One after the other: a thing that fails must not disturb another's verdict.
      // oxlint-disable-next-line no-await-in-loop
      await probes[name]()
      capabilities.push({ name, works: true })
    } catch (error) {
      capabilities.push({
        name,
        works: false,
        why: error instanceof Error ? error.message : String(error),
      })
    }
  }
  return capabilities
}

type Probe = () => Promise<void> | void

const probes: Readonly<Record<CapabilityName, Probe>> = {
  'network namespaces': () => {
    using namespace = NetworkNamespace.create({ label: PLACE })
    namespace.run(() => {})
  },
  veth: () => {
    const ends = [endPlan('left'), endPlan('right')] as const
    using _network = open({}, [{ kind: 'veth', name: 'pair', ends }])
  },
  bridge: () => {
    using _network = open({}, [
      { kind: 'bridge', name: 'switch', namespace: PLACE, ends: [endPlan('left')] },
    ])
  },
  'policy routing': () => {
    const targets = [targetOf('127.0.0.1', 9), targetOf('::1', 9)]
    const { policyRules, routes } = interceptOnPath({
      name: PLACE,
      inputInterface: 'left',
      targets,
    })
    using _network = open({ policyRules, routes })
  },
  IPv6: async () => {
    using network = open()
    const namespace = network.namespace(PLACE)
    const endpoint = { address: '::1', port: SERVER_PORT }
    await using _server = await listenTcp(namespace, endpoint, (socket) => socket.destroy())
    await using client = connectTcp(namespace, endpoint)
    await inTime(once(client, 'connect'))
  },
  IP_TRANSPARENT: () => {
    using network = open()
    const bind = { address: '192.0.2.1', port: 0 }
    closeDescriptor(openTcpSocket(network.namespace(PLACE), { bind, transparent: true }))
  },
  'nft in process': () => {
    using network = open()
    nftFirewall.apply(network.namespace(PLACE), { name: PLACE, rules: [] })
  },
  'nft TPROXY IPv4': () => intercept(nftFirewall, 4),
  'nft TPROXY IPv6': () => intercept(nftFirewall, 6),
  'iptables TPROXY IPv4': () => intercept(iptablesFirewall, 4),
  'iptables TPROXY IPv6': () => intercept(iptablesFirewall, 6),
  netem: () => {
    const why = whyNoNetem()
    if (why !== undefined) throw new Error(why)
  },
  NFQUEUE: async () => {
    using network = open()
    const namespace = network.namespace(PLACE)
    using socket = namespace.run(() => new NetlinkSocket(PLACE, NETLINK_NETFILTER))
    socket.transact([bindQueue(1)])
    const rules = '*mangle\n-A POSTROUTING -j NFQUEUE --queue-num 1\nCOMMIT\n'
    const { exitCode, stderr } = await runInNamespace(namespace, ['iptables-restore'], {
      input: rules,
    })
    if (exitCode !== 0) throw new Error(stderr.trim())
  },
}

const PLACE = 'probe'
const SERVER_PORT = 19_000
const DEADLINE_MS = 1_000

/** Addresses of the loopback interface: of the server that is dialled and of the proxy that gets the connection. */
const parties = {
  4: { server: '127.0.0.5', proxy: '127.0.0.3' },
  6: { server: 'fd00::5', proxy: 'fd00::3' },
} as const

/** Intercepts a connection and checks that the proxy sees where it was going. */
async function intercept(firewall: Firewall, family: Family): Promise<void> {
  const { server, proxy } = parties[family]
  using network = open(family === 6 ? { loopbackAddresses: ['fd00::3/128', 'fd00::5/128'] } : {})
  const namespace = network.namespace(PLACE)
  const source = { not: proxy }
  const targets = [targetOf(proxy, PROXY_PORT)]
  firewall.apply(
    namespace,
    interceptOnLoopback({ name: PLACE, source, destination: server, targets }),
  )
  const accepted = Promise.withResolvers<Socket>()
  const bind = { address: proxy, port: PROXY_PORT }
  await using _listener = await listenTcp(namespace, bind, accepted.resolve, { transparent: true })
  await using client = connectTcp(namespace, { address: server, port: SERVER_PORT })
  await inTime(once(client, 'connect'))
  await using socket = await inTime(accepted.promise)
  if (socket.localAddress !== server || socket.localPort !== SERVER_PORT) {
    throw new Error(`The proxy saw ${socket.localAddress} port ${socket.localPort} as destination`)
  }
}

const PROXY_PORT = 9_000

function open(node: Partial<NamespacePlan> = {}, links: readonly LinkPlan[] = []): Network {
  return openNetwork({ namespaces: [{ name: PLACE, ...emptyNamespace, ...node }], links })
}

function endPlan(name: string) {
  return { namespace: PLACE, interface: name, addresses: [] }
}

function targetOf(address: string, port: number) {
  return { ports: [SERVER_PORT], listener: { address, port } }
}

async function inTime<result>(promise: Promise<result>): Promise<result> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new Error(`Nothing happened within ${DEADLINE_MS} ms`))
  }, DEADLINE_MS)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
