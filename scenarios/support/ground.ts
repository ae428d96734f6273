import type { TopologyName } from '#lab/topology/find-topology.ts'
import type { LinkConnection } from '#lab/probes/link-captures.ts'
import type { Yard } from './stage.ts'
import type { LinkEnds } from './wire/choose-taker.ts'

/** What a claim needs to know of the topology it is made on. */
export interface Ground {
  readonly topology: TopologyName
  readonly addresses: {
    readonly serviceA: string
    readonly serviceB: string
    readonly echo: string
    /** Nobody's, in reach of both proxies: for a node that a suite adds between them. */
    readonly between: string
    /** What each proxy dials from, as its upstream sees it. */
    readonly kongA: string
    readonly kongB: string
  }
  /** The nodes of a connection to Service B while interception is installed: each takes what the one before it dials. */
  readonly path: readonly string[]
  /** The way of a connection from Service A to Service B: who dials, and on which links the packets are. */
  readonly direct: readonly Leg[]
  readonly meshed: readonly Leg[]
  /** Who dials on a link and who takes it while interception is installed, where addresses do not tell. */
  readonly ends?: Readonly<Record<string, LinkEnds>>
}

export interface Leg {
  readonly from: string | undefined
  readonly links: readonly string[]
}

const path = ['service-a', 'kong-a', 'kong-b', 'service-b']

/** On loopback addresses all packets are on one interface, and legs differ by who dials alone. */
const tutorial: Ground = {
  topology: 'tutorial',
  addresses: {
    serviceA: '127.0.0.2',
    serviceB: '127.0.0.5',
    echo: '127.0.0.6',
    between: '127.0.0.7',
    kongA: '127.0.0.3',
    kongB: '127.0.0.4',
  },
  path,
  direct: [{ from: 'service-a', links: ['lo'] }],
  meshed: [
    { from: 'service-a', links: ['lo'] },
    { from: 'kong-a', links: ['lo'] },
    { from: 'kong-b', links: ['lo'] },
  ],
}

/** With a proxy on the path a leg ends where the proxy is; without, one connection crosses all links. */
const sidecars: Ground = {
  topology: 'sidecars',
  addresses: {
    serviceA: '10.1.0.2',
    serviceB: '10.2.0.5',
    echo: '10.2.0.6',
    between: '10.0.0.5',
    kongA: '10.0.0.3',
    kongB: '10.2.0.4',
  },
  path,
  direct: [{ from: 'service-a', links: ['a', 'mesh', 'b'] }],
  meshed: [
    { from: 'service-a', links: ['a'] },
    { from: 'kong-a', links: ['mesh'] },
    { from: 'kong-b', links: ['b'] },
  ],
}

/**
 * Each proxy shares a namespace and an address with its service, and keeps the address of its client: a leg between them
 * is on the loopback interface of that namespace, and whoever dials does it from the address of Service A.
 */
export const pods: Ground = {
  topology: 'pods',
  addresses: {
    serviceA: '10.0.0.2',
    serviceB: '10.0.0.5',
    echo: '10.0.0.6',
    between: '10.0.0.7',
    kongA: '10.0.0.2',
    kongB: '10.0.0.2',
  },
  path,
  direct: [{ from: 'service-a', links: ['mesh'] }],
  meshed: [
    { from: 'service-a', links: ['lo-pod-a'] },
    { from: 'service-a', links: ['mesh'] },
    { from: 'service-a', links: ['lo-pod-b'] },
  ],
  ends: {
    'lo-pod-a': { from: 'service-a', to: 'kong-a' },
    mesh: { from: 'kong-a', to: 'kong-b', as: 'service-a' },
    'lo-pod-b': { from: 'kong-b', to: 'service-b' },
  },
}

/** Where every claim is made. */
export const grounds: readonly Ground[] = [tutorial, sidecars]

/** Those of the connections that are on a leg: in pods the address that dials does not tell, in the tutorial the link. */
export function onLeg(
  leg: Leg | undefined,
  { yard, connections }: { readonly yard: Yard; readonly connections: readonly LinkConnection[] },
): readonly LinkConnection[] {
  if (leg === undefined) throw new RangeError('the ground has no such leg')
  return connections.filter(
    (each) => leg.links.includes(each.link) && yard.dialler(each) === leg.from,
  )
}
