/** Something a person can put right; the message says how. Anything else that is thrown is a fault of ours. */
export class LabError extends Error {
  override readonly name = 'LabError'
}

/** What to tell a person: the sentence of a LabError, the stack of a fault of ours. */
export function describeFault(error: unknown): string {
  if (error instanceof LabError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
