import { readRunState, removeRunFolder } from '#lab/run/run-folder.ts'
import { takeTurn } from '#lab/run/turn.ts'
import { endLab, isUp } from './end-lab.ts'
import { endOrphans } from './orphans.ts'

/** Ends the lab of a run folder, also a half-built one, and removes the folder; tells what there was. */
export async function takeDown(folder: string): Promise<'up' | 'stale' | 'nothing'> {
  // Without waiting for a turn: whoever is bringing it up notices and gives theirs back.
  const wasUp = await endIfUp(folder)
  await using _turn = await takeTurn(folder)
  const stillUp = await endIfUp(folder, { alsoStale: false })
  const removed = removeRunFolder(folder)
  if (wasUp || stillUp) return 'up'
  return removed ? 'stale' : 'nothing'
}

async function endIfUp(folder: string, { alsoStale = true } = {}): Promise<boolean> {
  const state = readRunState(folder)
  if (state === undefined) return endOrphans(folder)
  const wasUp = isUp(state)
  // One that has ended by force may have left containers.
  if (wasUp || (alsoStale && state.backend === 'containers')) await endLab(folder, state)
  return wasUp
}
