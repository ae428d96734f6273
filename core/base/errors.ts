/** A fault of the outside world or of the user, told in one sentence that names value, place and remedy. */
export class MeshError extends Error {
  /** Stable word for programs, such as `listen-failed`; the message is for people. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MeshError'
    this.code = code
  }
}

/** The message of anything thrown, without a stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
