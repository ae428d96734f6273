import type { ExchangeTiming } from '#core/model/http-filter.ts'
import type { Latencies } from './forward-headers.ts'

/** Takes the times of an exchange. */
export class ExchangeClock {
  readonly #startedMs: number
  #forwardedMs: number | undefined
  #answeredMs: number | undefined

  /** @param startedMs when the first byte of the request was read, on the clock of `performance.now()`. */
  constructor(startedMs: number) {
    this.#startedMs = startedMs
  }

  /** The upstream is asked now. */
  forwarded(): void {
    this.#forwardedMs = performance.now()
  }

  /** The head of the upstream's answer is there. */
  answered(): void {
    this.#answeredMs = performance.now()
  }

  /** All of it so far, in ms. */
  get durationMs(): number {
    return performance.now() - this.#startedMs
  }

  get timing(): ExchangeTiming {
    const now = performance.now()
    const forwardedMs = this.#forwardedMs ?? now
    return {
      startedAt: Math.round(Date.now() - (now - this.#startedMs)),
      proxyMs: forwardedMs - this.#startedMs,
      upstreamMs: this.#answeredMs === undefined ? undefined : this.#answeredMs - forwardedMs,
      totalMs: now - this.#startedMs,
    }
  }

  /** As they are told to the client, in whole ms; an upstream that has not answered counts up to now. */
  get latencies(): Latencies {
    const forwardedMs = this.#forwardedMs ?? this.#startedMs
    return {
      proxyMs: Math.round(forwardedMs - this.#startedMs),
      upstreamMs: Math.round((this.#answeredMs ?? performance.now()) - forwardedMs),
    }
  }
}
