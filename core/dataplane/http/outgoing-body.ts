/** A body as it is sent to an upstream. */
export interface OutgoingBody {
  /** Whether all of it was taken. */
  readonly done: boolean
  /** Whether the request can be sent once more: `kept` is then all that was taken so far. */
  readonly repeatable: boolean
  /** What was taken and is to be sent right after the head. */
  readonly kept: Uint8Array
  /**
   * Takes bytes from `start` on and returns where the body ended.
   * @throws HttpSyntaxError
   */
  take(bytes: Uint8Array, start: number): number
  /** What was kept is on its way. */
  wasSent(): void
}

/** A body that is known as a whole. */
export class GivenBody implements OutgoingBody {
  readonly done = true
  readonly repeatable: boolean
  readonly kept: Uint8Array

  constructor(bytes: Uint8Array, options: { readonly repeatable: boolean }) {
    this.kept = bytes
    this.repeatable = options.repeatable
  }

  take(_bytes: Uint8Array, start: number): number {
    return start
  }

  wasSent(): void {}
}
