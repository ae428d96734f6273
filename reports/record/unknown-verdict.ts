/**
 * Thrown by a scenario that could not observe what it needed. The reporter gives it the verdict `unknown` instead of
 * `failed`; the run still fails.
 */
export class UnknownVerdict extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UnknownVerdict'
  }
}
