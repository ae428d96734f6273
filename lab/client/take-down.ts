import { readRunState, removeRunFolder } from '#lab/run/run-folder.ts'
import { takeTurn } from '#lab/run/turn.ts'
import { endLab, isUp } from './end-lab.ts'

/** Ends the lab of a run folder, also a half-built one, and removes the folder; tells what there was. */
export async function takeDown(folder: string): Promise<'up' | 'stale' | 'nothing'> {
  // Without waiting for a turn: whoever is bringing it up notices and gives theirs back.
  const wasUp = await endIfUp(folder)
  await using _turn = await takeTurn(folder)
  const stillUp = await endIfUp(folder)
  const removed = removeRunFolder(folder)
  if (wasUp || stillUp) return 'up'
  return removed ? 'stale' : 'nothing'
}

async function endIfUp(folder: string): Promise<boolean> {
  const state = readRunState(folder)
  if (state === undefined || !isUp(state)) return false
  await endLab(folder, state)
  return true
}
