import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from '#lab/run/lab-error.ts'
import { generatedNames, generateTopology } from './generate/generate-topology.ts'
import { pods } from './pods.ts'
import { sidecars } from './sidecars.ts'
import type { Topology } from './topology.ts'
import { tutorial } from './tutorial.ts'

/** Where a topology is looked for in the working directory. */
export const usualFiles = ['meshyard.yaml', 'meshyard.yml', 'meshyard.json', 'meshyard.ts'] as const

const fileEndings = ['.yaml', '.yml', '.json', '.ts'] as const

const builtIn = { sidecars, tutorial, pods } as const

export type TopologyName = keyof typeof builtIn

function isBuiltIn(name: string): name is TopologyName {
  return Object.hasOwn(builtIn, name)
}

/** The topology a person gets who names none. */
export const defaultTopology: TopologyName = 'sidecars'

/**
 * The topology of that name, the one in the file of that path, or with `-` the one on standard input; without any, the
 * only topology file of the working directory, or `sidecars` where there is none.
 * @throws LabError that lists the names there are, or every fault of the file.
 */
export async function findTopology(wanted: string | undefined): Promise<Topology> {
  const nameOrPath = wanted ?? findTopologyFile(process.cwd()) ?? defaultTopology
  if (isBuiltIn(nameOrPath)) return builtIn[nameOrPath]
  const generated = generateTopology(nameOrPath)
  if (generated !== undefined) return generated
  if (isTopologyFile(nameOrPath)) {
    // Its schema library is not needed for the topologies above and costs more than all else here.
    const { readTopologyFile } = await import('./read-topology-file.ts')
    return readTopologyFile(nameOrPath)
  }
  throw new LabError(
    `There is no topology "${nameOrPath}": name one of ${[...Object.keys(builtIn), ...generatedNames].join(', ')}, or a file ending in ${fileEndings.join(', ')}.`,
  )
}

/** Whether an argument means a file, or standard input, rather than a name. */
export function isTopologyFile(nameOrPath: string): boolean {
  return nameOrPath === '-' || fileEndings.some((ending) => nameOrPath.endsWith(ending))
}

/**
 * The only topology file of a folder; undefined when there is none.
 * @throws LabError when there are several.
 */
export function findTopologyFile(folder: string): string | undefined {
  const found = usualFiles.filter((name) => existsSync(join(folder, name)))
  if (found.length > 1) {
    throw new LabError(`${folder} holds ${found.join(' and ')}: say which one is meant.`)
  }
  return found[0]
}
