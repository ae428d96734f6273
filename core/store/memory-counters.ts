import { mergeAdditions, sum } from './counter-additions.ts'
import type { CounterAddition, CounterTable } from './counter-table.ts'

/** How often what has expired is looked for, in ms. */
const sweepMs = 10_000

/** Counters of one process. */
export class MemoryCounters implements CounterTable {
  readonly #counters = new Map<string, CounterAddition>()
  #nextSweep = 0

  async add(additions: readonly CounterAddition[]): Promise<void> {
    const now = Date.now()
    if (now >= this.#nextSweep) {
      this.#nextSweep = now + sweepMs
      for (const [key, { expiresAt }] of this.#counters) {
        if (expiresAt <= now) this.#counters.delete(key)
      }
    }
    for (const addition of mergeAdditions(additions)) {
      this.#counters.set(addition.key, sum(this.#live(addition.key, now), addition))
    }
  }

  async read(keys: readonly string[]): Promise<readonly number[]> {
    const now = Date.now()
    return keys.map((key) => this.#live(key, now)?.by ?? 0)
  }

  #live(key: string, now: number): CounterAddition | undefined {
    const counter = this.#counters.get(key)
    return counter === undefined || counter.expiresAt <= now ? undefined : counter
  }
}
