/**
 * Why an upstream connection could not be opened. `unreachable`: no route, or the local address cannot be used; `tls`:
 * connected, but the handshake failed; `aborted`: the caller's signal.
 */
export type DialFailure = 'refused' | 'timeout' | 'unreachable' | 'tls' | 'aborted'

/** A failed attempt; the message is one sentence that names the target. */
export class DialError extends Error {
  readonly kind: DialFailure
  /** What failed, without the target and in nginx's words: `connect() failed (111: Connection refused)`. */
  readonly reason: string

  constructor(kind: DialFailure, where: string, reason: string, options?: ErrorOptions) {
    super(`Cannot connect to ${where}: ${reason}`, options)
    this.name = 'DialError'
    this.kind = kind
    this.reason = reason
  }
}
