import type { Topology } from '#lab/topology/topology.ts'

/** Appears in the run folder when the node `glutton` is to eat all the memory it may have. */
export const appetiteFile = 'appetite'

/**
 * A topology with one more node, which takes memory until there is no more for it (64 MiB) when it is told to, and the
 * service that traffic of the trials goes to.
 */
export function withGlutton(topology: Topology): Topology {
  const [first] = topology.namespaces
  if (first === undefined) throw new RangeError(`The topology ${topology.name} has no namespaces.`)
  const eating = `until [ -e ${appetiteFile} ]; do sleep 0.02; done; exec tail /dev/zero`
  return {
    ...topology,
    name: `${topology.name}-and-glutton`,
    nodes: [
      ...topology.nodes,
      {
        name: 'glutton',
        kind: 'service',
        namespace: first.name,
        addresses: [],
        processes: [
          {
            kind: 'command',
            name: 'eat',
            argv: ['prlimit', `--as=${64 * 2 ** 20}`, 'sh', '-c', eating],
            environment: {},
            listens: [],
          },
        ],
      },
    ],
  }
}
