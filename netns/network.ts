import type { Firewall } from './firewall/firewall.ts'
import { availableFirewall } from './firewall/choose-firewall.ts'
import { layOutLinks, type LinkLayout, type PlacedInterface } from './link-layout.ts'
import { NetworkNamespace } from './namespace.ts'
import { SystemCallError } from './native.ts'
import { NetlinkSocket } from './netlink/netlink-socket.ts'
import type { NetlinkRequest } from './netlink/message.ts'
import {
  addAddress,
  addBridge,
  addPolicyRule,
  addRoute,
  addVeth,
  getLink,
  getRoute,
  isLocalRoute,
  isOperational,
  setLinkDown,
  setLinkUp,
} from './netlink/route-requests.ts'
import type { NamespacePlan, NetworkPlan } from './network-plan.ts'
import { planFaults } from './plan-faults.ts'
import { withDefaultSysctls, writeSysctls } from './sysctl.ts'

export interface NetworkOptions {
  /** Binds each namespace to `/run/netns/NAME`; see `NamespaceOptions.name`. Default: false. */
  readonly named?: boolean
  /**
   * Gives the namespace to build into, by its name in the plan; the network then owns it. It has nothing in it but `lo`.
   * Default: makes one.
   */
  readonly openNamespace?: (name: string) => NetworkNamespace
  /** What loads the rule sets. Default: nft in this process, iptables where libnftables is missing. */
  readonly firewall?: Firewall
}

/**
 * A network that is up. Disposing of it lets go of all of it; the kernel clears it away once no process or socket is
 * left in it.
 */
export interface Network extends Disposable {
  readonly plan: NetworkPlan
  readonly firewall: Firewall
  /** @throws RangeError when the plan has no namespace of that name. */
  namespace(name: string): NetworkNamespace
}

/**
 * Builds a network, whole or not at all.
 * @throws Error that lists every fault of the plan, or names the step that failed, its place and its errno.
 */
export function openNetwork(plan: NetworkPlan, options: NetworkOptions = {}): Network {
  const faults = planFaults(plan)
  if (faults.length > 0) throw new Error(`Cannot build the network: ${faults.join('; ')}`)
  const {
    named = false,
    openNamespace = (name) => NetworkNamespace.create(named ? { name } : { label: name }),
    firewall = availableFirewall(),
  } = options
  using built = new DisposableStack()
  const namespaces = new Map<string, NetworkNamespace>()
  const namespace = (name: string): NetworkNamespace => {
    const found = namespaces.get(name)
    if (found === undefined) throw new RangeError(`The network has no namespace "${name}"`)
    return found
  }
  for (const { name } of plan.namespaces) {
    namespaces.set(name, built.use(openNamespace(name)))
  }
  const layout = layOutLinks(plan)
  build(plan, layout, namespace, firewall)
  // Before the namespaces go.
  built.defer(() => {
    stopBridges(layout, namespace)
  })
  const owned = built.move()
  return {
    plan,
    firewall,
    namespace,
    [Symbol.dispose]: () => {
      owned.dispose()
    },
  }
}

/** One socket and few sends for each namespace, since a system call costs more than the work it asks for. */
function build(
  plan: NetworkPlan,
  layout: LinkLayout,
  namespace: (name: string) => NetworkNamespace,
  firewall: Firewall,
): void {
  using sockets = new DisposableStack()
  const madeFrom = Map.groupBy(layout.pairs, ({ ends }) => ends[0].namespace)
  const endsIn = Map.groupBy(
    layout.pairs.flatMap(({ ends }) => ends),
    (end) => end.namespace,
  )
  const entries = plan.namespaces.map((node) => {
    const opened = namespace(node.name)
    const socket = sockets.use(opened.run(() => new NetlinkSocket(node.name)))
    const sysctls = splitSysctls(node, layout)
    return { node, opened, socket, sysctls }
  })
  // Before there are interfaces: `conf.default` is what a new interface starts with.
  for (const { opened, sysctls } of entries) writeSysctls(opened, sysctls.general)
  for (const { node, socket } of entries) {
    const bridges = layout.bridges.filter((bridge) => bridge.namespace === node.name)
    const pairs = madeFrom.get(node.name) ?? []
    socket.transact(linkRequests({ bridges, pairs }, (name) => namespace(name).fd))
  }
  for (const { opened, sysctls } of entries) writeSysctls(opened, sysctls.ofInterfaces)
  for (const { node, socket } of entries) socket.transact(addressRequests(node.name, layout))
  for (const { node, socket } of entries) socket.transact(routingRequests(node, layout))
  for (const { node, socket } of entries) {
    waitForLinks(node.name, socket, endsIn.get(node.name) ?? [])
    waitForAddresses(node.name, socket, layout)
  }
  for (const { node, opened } of entries) {
    for (const ruleSet of node.ruleSets) firewall.apply(opened, ruleSet)
  }
}

/**
 * For each port that leaves a bridge that is up, the kernel looks at all of those that stay: of a thousand, that takes as
 * long as all else. It does so too when this does not work, because somebody took a bridge or its namespace away.
 */
function stopBridges({ bridges }: LinkLayout, namespace: (name: string) => NetworkNamespace): void {
  for (const bridge of bridges) {
    try {
      using socket = namespace(bridge.namespace).run(() => new NetlinkSocket(bridge.namespace))
      socket.transact([setLinkDown(bridge)])
    } catch {
      // What follows removes it, if it is there.
    }
  }
}

/** Bridges are left out: they pass frames whatever the state of their own interface. */
function waitForLinks(name: string, socket: NetlinkSocket, ends: readonly PlacedInterface[]): void {
  const deadline = performance.now() + LINK_DEADLINE_MS
  let waiting = ends
  for (;;) {
    const states = socket.transact(waiting.map(getLink)).map(isOperational)
    waiting = waiting.filter((_, index) => states[index] !== true)
    const [late] = waiting
    if (late === undefined) return
    if (performance.now() > deadline) {
      throw new Error(`The link ${late.name} in ${name} is not up after ${LINK_DEADLINE_MS} ms`)
    }
    // A kernel before 6.8 does it in its own time, once a second.
    pause()
  }
}

/**
 * An IPv6 address exists before it can be reached: without duplicate address detection the kernel adds its route from a
 * work queue, and a busy machine gets to it late.
 */
function waitForAddresses(name: string, socket: NetlinkSocket, { interfaces }: LinkLayout): void {
  const deadline = performance.now() + LINK_DEADLINE_MS
  const addresses = (interfaces.get(name) ?? []).flatMap((link) => link.addresses)
  for (const address of addresses.filter((each) => each.includes(':'))) {
    while (!isReachable(address, socket)) {
      if (performance.now() > deadline) {
        throw new Error(`${address} in ${name} is not reachable after ${LINK_DEADLINE_MS} ms`)
      }
      pause()
    }
  }
}

function isReachable(address: string, socket: NetlinkSocket): boolean {
  try {
    return socket.transact([getRoute(address)]).some(isLocalRoute)
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'ENETUNREACH') return false
    throw error
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
}

const LINK_DEADLINE_MS = 5_000

function splitSysctls({ name, sysctls }: NamespacePlan, layout: LinkLayout) {
  const interfaces = layout.interfaces.get(name) ?? []
  const ofInterface = (key: string): boolean =>
    interfaces.some((link) => key.includes(`.${link.name}.`))
  const entries = Object.entries(withDefaultSysctls(sysctls))
  return {
    general: Object.fromEntries(entries.filter(([key]) => !ofInterface(key))),
    ofInterfaces: Object.fromEntries(entries.filter(([key]) => ofInterface(key))),
  }
}

/** A pair is made from the namespace of its first end, which is where its bridge is. */
function linkRequests(
  { bridges, pairs }: Pick<LinkLayout, 'bridges' | 'pairs'>,
  descriptorOf: (namespace: string) => number,
): NetlinkRequest[] {
  return [
    ...bridges.map(addBridge),
    ...pairs.map(({ ends: [end, peer], bridge }) =>
      addVeth({
        name: end.name,
        index: end.index,
        ...(bridge === undefined ? {} : { master: bridge }),
        peer: { ...peer, namespaceFd: descriptorOf(peer.namespace) },
      }),
    ),
  ]
}

function addressRequests(name: string, { interfaces }: LinkLayout): NetlinkRequest[] {
  return (interfaces.get(name) ?? []).flatMap((link) => [
    setLinkUp(link),
    ...link.addresses.map((address) => addAddress(address, link)),
  ])
}

function routingRequests(
  { name, routes, policyRules }: NamespacePlan,
  { interfaces }: LinkLayout,
): NetlinkRequest[] {
  return [
    ...routes.map((route) =>
      addRoute(
        route,
        interfaces.get(name)?.find((link) => link.name === route.interface),
      ),
    ),
    ...policyRules.map(addPolicyRule),
  ]
}
