import { LabError } from '#lab/run/lab-error.ts'
import { sidecars } from './sidecars.ts'
import type { Topology } from './topology.ts'
import { tutorial } from './tutorial.ts'

const builtIn = { sidecars, tutorial } as const

export type TopologyName = keyof typeof builtIn

function isBuiltIn(name: string): name is TopologyName {
  return Object.hasOwn(builtIn, name)
}

/** The topology a person gets who names none. */
export const defaultTopology: TopologyName = 'sidecars'

/**
 * The topology of that name, or the one in the JSON file of that path.
 * @throws LabError that lists the names there are, or every fault of the file.
 */
export async function findTopology(nameOrPath: string): Promise<Topology> {
  if (isBuiltIn(nameOrPath)) return builtIn[nameOrPath]
  if (nameOrPath.endsWith('.json')) {
    // Its schema library is not needed for the topologies above and costs more than all else here.
    const { readTopologyFile } = await import('./read-topology-file.ts')
    return readTopologyFile(nameOrPath)
  }
  throw new LabError(
    `There is no topology "${nameOrPath}": name one of ${Object.keys(builtIn).join(', ')}, or a file ending in .json.`,
  )
}
