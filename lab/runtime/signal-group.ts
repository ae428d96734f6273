import { errorCode } from '#lab/run/fault.ts'

/** Sends a signal to a process and all of its group; does nothing when they have ended. */
export function signalGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return
  try {
    process.kill(-leader, signal)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}
