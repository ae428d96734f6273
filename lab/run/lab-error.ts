import { errorCode, messageOf } from './fault.ts'

/** Something a person can put right; the message says how. Anything else that is thrown is a fault of ours. */
export class LabError extends Error {
  override readonly name = 'LabError'
}

/** What to tell a person: the sentence of a LabError or of a disk that is full wherever that is met, the stack of a fault of ours. */
export function describeFault(error: unknown): string {
  if (error instanceof LabError) return error.message
  if (['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')) {
    return `There is no room left on the disk (${messageOf(error)}): make some, or set MESHYARD_HOME to a folder with room.`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
