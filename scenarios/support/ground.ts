import type { TopologyName } from '#lab/topology/find-topology.ts'

/** What a claim needs to know of the topology it is made on. */
export interface Ground {
  readonly topology: TopologyName
  readonly addresses: {
    readonly serviceA: string
    readonly serviceB: string
    readonly echo: string
    /** What each proxy dials from, as its upstream sees it. */
    readonly kongA: string
    readonly kongB: string
  }
  /** The way of a connection from Service A to Service B: who dials, and on which links the packets are. */
  readonly direct: readonly Leg[]
  readonly meshed: readonly Leg[]
}

export interface Leg {
  readonly from: string | undefined
  readonly links: readonly string[]
}

/** On loopback addresses all packets are on one interface, and legs differ by who dials alone. */
const tutorial: Ground = {
  topology: 'tutorial',
  addresses: {
    serviceA: '127.0.0.2',
    serviceB: '127.0.0.5',
    echo: '127.0.0.6',
    kongA: '127.0.0.3',
    kongB: '127.0.0.4',
  },
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
    kongA: '10.0.0.3',
    kongB: '10.2.0.4',
  },
  direct: [{ from: 'service-a', links: ['a', 'mesh', 'b'] }],
  meshed: [
    { from: 'service-a', links: ['a'] },
    { from: 'kong-a', links: ['mesh'] },
    { from: 'kong-b', links: ['b'] },
  ],
}

export const grounds: readonly Ground[] = [tutorial, sidecars]
