/**
 * A timer made to be moved with every message: moving it only notes the new time, and the timer below, when it fires
 * early, is set again for the rest. It keeps no process alive.
 */
export class Deadline implements Disposable {
  readonly #onExpired: () => void
  #timer: NodeJS.Timeout | undefined
  #firesAtMs = Infinity
  #dueAtMs = Infinity

  constructor(onExpired: () => void) {
    this.#onExpired = onExpired
  }

  start(afterMs: number): void {
    const now = performance.now()
    this.#dueAtMs = now + afterMs
    if (this.#dueAtMs < this.#firesAtMs) this.#arm(afterMs, now)
  }

  stop(): void {
    this.#dueAtMs = Infinity
  }

  [Symbol.dispose](): void {
    this.stop()
    clearTimeout(this.#timer)
    this.#firesAtMs = Infinity
  }

  #arm(afterMs: number, now: number): void {
    clearTimeout(this.#timer)
    this.#firesAtMs = now + afterMs
    this.#timer = setTimeout(() => this.#fired(), afterMs)
    this.#timer.unref()
  }

  #fired(): void {
    this.#firesAtMs = Infinity
    if (this.#dueAtMs === Infinity) return
    const now = performance.now()
    // A timer may fire up to a millisecond early.
    if (this.#dueAtMs - now > 1) return this.#arm(this.#dueAtMs - now, now)
    this.#dueAtMs = Infinity
    this.#onExpired()
  }
}
