import { LOOPBACK_INDEX, type Interface } from './netlink/route-requests.ts'
import type { LinkEndPlan, NetworkPlan } from './network-plan.ts'

/** Every interface of a plan with the name and the index it gets in its namespace. */
export interface LinkLayout {
  readonly bridges: readonly PlacedInterface[]
  readonly pairs: readonly PlacedPair[]
  /** By namespace: what is to be set up, with the addresses it gets. `lo` is the first of each. */
  readonly interfaces: ReadonlyMap<string, readonly PlacedInterface[]>
}

export interface PlacedInterface extends Interface {
  readonly namespace: string
  readonly addresses: readonly string[]
}

export interface PlacedPair {
  readonly ends: readonly [PlacedInterface, PlacedInterface]
  /** Bridge that the first end is a port of. */
  readonly bridge: PlacedInterface | undefined
}

/** Places every interface of a plan without faults. */
export function layOutLinks(plan: NetworkPlan): LinkLayout {
  const ports = bridgePorts(plan)
  const bridges: PlacedInterface[] = []
  const pairs: PlacedPair[] = []
  const interfaces = new Map<string, PlacedInterface[]>(
    plan.namespaces.map(({ name, loopbackAddresses }) => [
      name,
      [{ name: 'lo', index: LOOPBACK_INDEX, namespace: name, addresses: loopbackAddresses }],
    ]),
  )
  const place = (
    namespace: string,
    name: string,
    addresses: readonly string[],
  ): PlacedInterface => {
    const placed = interfaces.get(namespace) ?? []
    const added = { namespace, name, index: FIRST_INDEX + placed.length, addresses }
    placed.push(added)
    interfaces.set(namespace, placed)
    return added
  }
  const placeEnd = (end: LinkEndPlan): PlacedInterface =>
    place(end.namespace, end.interface, end.addresses)

  for (const link of plan.links) {
    if (link.kind === 'veth') {
      const [a, b] = link.ends
      pairs.push({ ends: [placeEnd(a), placeEnd(b)], bridge: undefined })
      continue
    }
    const bridge = place(link.namespace, link.name, [])
    bridges.push(bridge)
    for (const [index, end] of link.ends.entries()) {
      const port = ports.get(link.name)?.[index] ?? end.namespace
      pairs.push({ ends: [place(link.namespace, port, []), placeEnd(end)], bridge })
    }
  }
  return { bridges, pairs, interfaces }
}

/**
 * Names of the ports of each bridge, by the name of its link: the namespace that the port leads to, cut to 15
 * characters, with a number where the bridge's namespace already has an interface of that name.
 */
export function bridgePorts(plan: NetworkPlan): ReadonlyMap<string, readonly string[]> {
  const taken = new Map<string, Set<string>>()
  const takenIn = (namespace: string): Set<string> => {
    const names = taken.get(namespace) ?? new Set(['lo'])
    taken.set(namespace, names)
    return names
  }
  for (const link of plan.links) {
    if (link.kind === 'bridge') takenIn(link.namespace).add(link.name)
    for (const end of link.ends) takenIn(end.namespace).add(end.interface)
  }
  return new Map(
    plan.links
      .filter((link) => link.kind === 'bridge')
      .map((link) => [
        link.name,
        link.ends.map((end) => freeName(end.namespace, takenIn(link.namespace))),
      ]),
  )
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted.slice(0, 15)
  for (let number = 2; taken.has(name); number++) {
    name = `${wanted.slice(0, 14 - String(number).length)}-${number}`
  }
  taken.add(name)
  return name
}

/** Above the tunnel devices that some kernels put into every namespace. */
const FIRST_INDEX = 100
