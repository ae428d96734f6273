import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandLineOf } from '#lab/run/command-line.ts'
import { errorCode } from '#lab/run/fault.ts'
import { processesWorkingIn } from '#lab/run/processes-working-in.ts'
import type { Topology } from '#lab/topology/topology.ts'

/** Appears in the run folder when the node `glutton` is to eat; says what it becomes then. */
const appetiteFile = 'appetite'

/** Takes memory until there is no more for it. */
const eating = (mebibytes: number): string => `prlimit --as=${mebibytes * 2 ** 20} tail /dev/zero`

/** What the glutton may take: so little that it ends by itself, or so much that somebody has to end it before. */
export const appetites = { modest: eating(64), huge: eating(1_024) } as const

/**
 * A topology with one more node, which takes memory until there is no more for it when it is told to, and the service that
 * traffic of the trials goes to.
 */
export function withGlutton(topology: Topology): Topology {
  const [first] = topology.namespaces
  if (first === undefined) throw new RangeError(`The topology ${topology.name} has no namespaces.`)
  const waiting = `until [ -e ${appetiteFile} ]; do sleep 0.02; done; exec $(cat ${appetiteFile})`
  return {
    ...topology,
    name: `${topology.name}-and-glutton`,
    nodes: [
      ...topology.nodes,
      {
        name: glutton,
        kind: 'service',
        namespace: first.name,
        addresses: [],
        processes: [
          {
            kind: 'command',
            name: 'eat',
            argv: ['sh', '-c', waiting],
            environment: {},
            listens: [],
          },
        ],
      },
    ],
  }
}

export const glutton = 'glutton'

/** The process that waits for its appetite in a run folder, once it is there. */
export function findGlutton(folder: string): number | undefined {
  return processesWorkingIn(folder).find((pid) => {
    const [program, , script] = commandLineOf(pid)
    return program === 'sh' && script?.includes(appetiteFile) === true
  })
}

/** Makes the glutton hungry; nothing where the folder is not there yet, so that nobody could be. */
export function feed(folder: string, appetite: keyof typeof appetites): void {
  const file = join(folder, appetiteFile)
  try {
    writeFileSync(`${file}.new`, appetites[appetite])
    // Whoever sees it sees all of it.
    renameSync(`${file}.new`, file)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
