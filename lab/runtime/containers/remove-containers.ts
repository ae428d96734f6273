import type { ContainerInfo } from 'dockerode'
import { setTimeout as delay } from 'node:timers/promises'
import { LabError } from '#lab/run/lab-error.ts'
import { statusOf, type Engine } from './engine.ts'
import { hasEnded, ownerLabel } from './owner.ts'

const lookAgainMs = 10

export interface RemovalOptions {
  /** How long the engine may take, in ms. Default: a minute. */
  readonly withinMs?: number
}

/**
 * Removes all containers of an owner and resolves when the engine has none left; tells how many there were.
 * @throws LabError when it takes longer: an engine that has locked itself up never answers.
 */
export function removeContainersOf(
  engine: Engine,
  owner: string,
  options: RemovalOptions = {},
): Promise<number> {
  return removeWhere((each) => each === owner, engine, options)
}

/** Removes what labs have left whose holder has ended without having time to; others' are left alone. Throws as above. */
export function removeOrphans(engine: Engine, options: RemovalOptions = {}): Promise<number> {
  return removeWhere(hasEnded, engine, options)
}

async function removeWhere(
  isDoomed: (owner: string) => boolean,
  engine: Engine,
  { withinMs = 60_000 }: RemovalOptions,
): Promise<number> {
  const seen = new Set<string>()
  const limit = AbortSignal.timeout(withinMs)
  let doomed: readonly ContainerInfo[] = []
  try {
    for (;;) {
      const labelled = await engine.listContainers({
        all: true,
        filters: { label: [ownerLabel] },
        abortSignal: limit,
      })
      doomed = labelled.filter(({ Labels }) => isDoomed(Labels[ownerLabel] ?? ''))
      if (doomed.length === 0) return seen.size
      await Promise.all(doomed.map(({ Id }) => remove(engine, Id, limit)))
      for (const { Id } of doomed) seen.add(Id)
      // The engine may be at it already, since they are removed when they end.
      await delay(lookAgainMs, undefined, { signal: limit })
    }
  } catch (error) {
    if (!limit.aborted) throw error
    const names = doomed.map(({ Names }) => Names[0]?.replace('/', '')).join(', ')
    throw new LabError(
      names === ''
        ? `The container engine does not answer within ${withinMs} ms.`
        : `The container engine does not remove ${names} within ${withinMs} ms; start it anew.`,
    )
  }
}

async function remove(engine: Engine, id: string, abortSignal: AbortSignal): Promise<void> {
  try {
    await engine.getContainer(id).remove({ force: true, v: true, abortSignal })
  } catch (error) {
    const gone = 404
    const beingRemoved = 409
    const status = statusOf(error)
    if (status !== gone && status !== beingRemoved) throw error
  }
}
