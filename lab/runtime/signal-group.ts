import { errorCode } from '#lab/run/fault.ts'

/**
 * Sends a signal to a process and all of its group; does nothing when they have ended.
 * @param leader undefined or 0: it does not run. The kernel would take 0 for the group of whoever asks.
 */
export function signalGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined || leader === 0) return
  try {
    process.kill(-leader, signal)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}
