import type { ProcessSpec, Topology } from './topology.ts'

/** A topology for tests: the nodes client (10.0.0.1) and server (10.0.0.2), which runs the processes, on the link `wire`. */
export function samplePair(processes: readonly ProcessSpec[]): Topology {
  return {
    name: 'pair',
    summary: 'Two nodes and a link.',
    namespaces: ['a', 'b'].map((name) => ({ name, routes: [] })),
    links: [
      {
        kind: 'veth',
        name: 'wire',
        ends: [
          { namespace: 'a', interface: 'eth0', addresses: ['10.0.0.1/24', 'fd00::1/64'] },
          { namespace: 'b', interface: 'eth0', addresses: ['10.0.0.2/24', 'fd00::2/64'] },
        ],
      },
    ],
    nodes: [
      { name: 'client', kind: 'service', namespace: 'a', addresses: ['10.0.0.1'], processes: [] },
      { name: 'server', kind: 'service', namespace: 'b', addresses: ['10.0.0.2'], processes },
    ],
    interception: [],
    kong: undefined,
    tryNext: [],
  }
}
