import { setTimeout as delay } from 'node:timers/promises'
import { connectEngine } from './engine.ts'
import { removeOrphans } from './remove-containers.ts'

const lookAgainMs = 300

/**
 * Removes the containers of labs whose holder has ended; tells how many there were.
 * @throws LabError when no engine answers or one does not remove them.
 */
export async function reap(): Promise<number> {
  const engine = await connectEngine()
  const removed = await removeOrphans(engine)
  // What a holder asked for in its last moment is made after it has ended.
  await delay(lookAgainMs)
  return removed + (await removeOrphans(engine))
}
