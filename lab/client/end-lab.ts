import { until } from '#lab/run/until.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { findChild, isAlive, signalProcess } from '#lab/run/process-identity.ts'
import type { RunState } from '#lab/run/run-folder.ts'
import { askLab } from './ask-lab.ts'

const politelyMs = 8_000
const withinMs = 5_000

/** Whether any process of the lab still runs. */
export function isUp(state: RunState): boolean {
  return isAlive(state.wrapper) || (state.init !== undefined && isAlive(state.init))
}

/**
 * Ends a lab in whatever state it is: asks it first so that its nodes may finish, then kills its first process, which
 * takes all others along.
 */
export async function endLab(folder: string, state: RunState): Promise<void> {
  if (isUp(state)) {
    const signal = AbortSignal.timeout(politelyMs)
    const answered = await askLab(folder, { command: 'down' }, { signal }).then(
      () => true,
      // Half built, hung or just gone: what follows ends it in any of these.
      () => false,
    )
    const ended = await until(() => !isUp(state), { withinMs: 1_000 })
    if (answered && ended) return
  }
  await killLab(folder, state)
}

/** Ends a lab at once. */
export async function killLab(folder: string, state: RunState): Promise<void> {
  const init = state.init ?? (isAlive(state.wrapper) ? findChild(state.wrapper.pid) : undefined)
  if (init !== undefined) signalProcess(init, 'SIGKILL')
  signalProcess(state.wrapper, 'SIGKILL')
  if (await until(() => !isUp({ ...state, init }), { withinMs })) {
    // The kernel clears up behind all others.
    if (state.backend === 'containers') await removeOrphanedContainers()
    return
  }
  throw new LabError(`The lab in ${folder} (process ${state.wrapper.pid}) does not end.`)
}

async function removeOrphanedContainers(): Promise<void> {
  // Other labs need no client of an engine.
  const { reap } = await import('#lab/runtime/containers/reap.ts')
  await reap()
}
