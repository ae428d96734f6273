import { parseTopology } from './parse-topology.ts'
import type { TopologyInput } from './topology-schema.ts'
import type { Topology } from './topology.ts'

/**
 * A topology in TypeScript, for the default export of a file such as `meshyard.ts` or for `openLab`.
 * @throws LabError that lists every fault with its place.
 */
export function defineTopology(topology: TopologyInput & { readonly name: string }): Topology {
  return parseTopology(topology, topology.name)
}
