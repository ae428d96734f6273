import {
  isFree,
  type LimitedCounter,
  type UsageAddition,
  type UsageCounter,
  type UsageCounters,
} from './usage-counters.ts'

/** The oldest counters of a window go when it has more than this: the memory of a node is finite. */
const mostInWindow = 250_000

/** Counters of one node: exact, and at once. */
export class LocalCounters implements UsageCounters {
  /** Counters by the end of their window, so that a window goes as a whole. */
  readonly #windows = new Map<number, Map<string, number>>()

  take(counters: readonly LimitedCounter[]): readonly number[] {
    const used = this.read(counters)
    if (isFree(counters, used)) this.add(counters.map((counter) => ({ ...counter, by: 1 })))
    return used
  }

  read(counters: readonly UsageCounter[]): readonly number[] {
    return counters.map(({ key, end }) => this.#windows.get(end)?.get(key) ?? 0)
  }

  add(additions: readonly UsageAddition[]): void {
    for (const { key, end, by } of additions) {
      const window = this.#windows.get(end) ?? this.#openWindow(end)
      window.set(key, (window.get(key) ?? 0) + by)
      if (window.size > mostInWindow) {
        const [oldest] = window.keys()
        if (oldest !== undefined) window.delete(oldest)
      }
    }
  }

  #openWindow(end: number): Map<string, number> {
    const now = Date.now()
    for (const past of this.#windows.keys()) if (past <= now) this.#windows.delete(past)
    const window = new Map<string, number>()
    this.#windows.set(end, window)
    return window
  }
}
