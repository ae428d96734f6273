import { setTimeout as delay } from 'node:timers/promises'
import { LabError } from '#lab/run/lab-error.ts'
import { statusOf, type Engine } from './engine.ts'
import { hasEnded, ownerLabel } from './owner.ts'

const withinMs = 15_000
const lookAgainMs = 10

/** Removes all containers of an owner and resolves when the engine has none left; tells how many there were. */
export function removeContainersOf(engine: Engine, owner: string): Promise<number> {
  return removeWhere(engine, (each) => each === owner)
}

/** Removes what labs have left whose holder has ended without having time to; others' are left alone. */
export function removeOrphans(engine: Engine): Promise<number> {
  return removeWhere(engine, hasEnded)
}

async function removeWhere(engine: Engine, isDoomed: (owner: string) => boolean): Promise<number> {
  const seen = new Set<string>()
  const deadline = performance.now() + withinMs
  for (;;) {
    const labelled = await engine.listContainers({ all: true, filters: { label: [ownerLabel] } })
    const doomed = labelled.filter(({ Labels }) => isDoomed(Labels[ownerLabel] ?? ''))
    if (doomed.length === 0) return seen.size
    if (performance.now() > deadline) {
      throw new LabError(
        `The container engine does not remove ${doomed.map(({ Names }) => Names[0]).join(', ')}.`,
      )
    }
    await Promise.all(doomed.map(({ Id }) => remove(engine, Id)))
    for (const { Id } of doomed) seen.add(Id)
    // The engine may be at it already, since they are removed when they end.
    await delay(lookAgainMs)
  }
}

async function remove(engine: Engine, id: string): Promise<void> {
  try {
    await engine.getContainer(id).remove({ force: true, v: true })
  } catch (error) {
    const gone = 404
    const beingRemoved = 409
    const status = statusOf(error)
    if (status !== gone && status !== beingRemoved) throw error
  }
}
