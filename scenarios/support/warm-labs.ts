import { openLab, type Lab } from '#lab/lab.ts'
import { findTopology, type TopologyName } from '#lab/topology/find-topology.ts'
import { warmLabName } from './warm-lab-name.ts'

export interface BorrowedLab extends AsyncDisposable {
  readonly lab: Lab
}

/** Labs that nobody borrows at present, as they came up. */
const warm = new Map<TopologyName, Lab>()
let opened = 0

/**
 * A lab of a built-in topology, as it is when it has come up: one that earlier scenarios of this process have given back, or
 * a new one. Giving back resets it; when its state then differs from that of its beginning it goes down.
 */
export async function borrowLab(topology: TopologyName): Promise<BorrowedLab> {
  const known = warm.get(topology)
  warm.delete(topology)
  opened += 1
  const name = warmLabName(opened)
  const lab = known ?? (await openLab(await findTopology(topology), { keyLog: true, ...name }))
  return {
    lab,
    [Symbol.asyncDispose]: async () => {
      const isClean =
        name !== undefined && (await lab.reset().catch(() => undefined))?.clean === true
      if (isClean && !warm.has(topology)) warm.set(topology, lab)
      else await lab[Symbol.asyncDispose]()
    },
  }
}
