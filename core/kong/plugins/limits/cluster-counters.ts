import { messageOf } from '#core/base/errors.ts'
import type { CounterTable } from '#core/store/counter-table.ts'
import {
  isFree,
  type LimitedCounter,
  type UsageAddition,
  type UsageCounter,
  type UsageCounters,
} from './usage-counters.ts'

/** Nodes' clocks differ; a counter is kept for so much longer than its window, in ms. */
const graceMs = 10_000

interface Question {
  readonly counters: readonly UsageCounter[]
  /** Whether a use is to be counted. */
  readonly taking: readonly LimitedCounter[] | undefined
  readonly resolve: (used: readonly number[]) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Counters that all nodes share through the store. One node never lets more pass than is allowed: its questions and
 * what it counts reach the store one batch after the other, so that no question overtakes a use. Uses on other nodes
 * are known as soon as the store has them.
 */
export class ClusterCounters implements UsageCounters {
  readonly #table: () => CounterTable
  readonly #onFault: (message: string) => void
  #questions: Question[] = []
  #additions: UsageAddition[] = []
  #busy = false

  /** `table` is asked for each batch: another store can have taken the place of the first. */
  constructor(
    table: () => CounterTable,
    { onFault }: { readonly onFault: (message: string) => void },
  ) {
    this.#table = table
    this.#onFault = onFault
  }

  take(counters: readonly LimitedCounter[]): Promise<readonly number[]> {
    return this.#ask(counters, counters)
  }

  read(counters: readonly UsageCounter[]): Promise<readonly number[]> {
    return this.#ask(counters, undefined)
  }

  add(additions: readonly UsageAddition[]): void {
    this.#additions.push(...additions)
    void this.#work()
  }

  #ask(
    counters: readonly UsageCounter[],
    taking: readonly LimitedCounter[] | undefined,
  ): Promise<readonly number[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>()
    this.#questions.push({ counters, taking, resolve, reject })
    void this.#work()
    return promise
  }

  async #work(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    while (this.#additions.length > 0 || this.#questions.length > 0) {
      // oxlint-disable-next-line no-await-in-loop -- one batch after the other
      await this.#store()
      // oxlint-disable-next-line no-await-in-loop
      await this.#answer()
    }
    this.#busy = false
  }

  async #store(): Promise<void> {
    const additions = this.#additions
    this.#additions = []
    if (additions.length === 0) return
    try {
      await this.#table().add(
        additions.map(({ key, end, by }) => ({ key, by, expiresAt: end + graceMs })),
      )
    } catch (error) {
      this.#onFault(`cannot count ${additions.length} uses of limits: ${messageOf(error)}`)
    }
  }

  async #answer(): Promise<void> {
    const questions = this.#questions
    this.#questions = []
    if (questions.length === 0) return
    const keys = [...new Set(questions.flatMap(({ counters }) => counters.map(({ key }) => key)))]
    let values: readonly number[]
    try {
      values = await this.#table().read(keys)
    } catch (error) {
      for (const { reject } of questions) reject(error)
      return
    }
    const used = new Map(keys.map((key, index) => [key, values[index] ?? 0]))
    const count = ({ key, by }: UsageAddition): void => {
      used.set(key, (used.get(key) ?? 0) + by)
    }
    // These came in while the table was read, so it does not have them yet.
    for (const addition of this.#additions) count(addition)
    for (const { counters, taking, resolve } of questions) {
      const before = counters.map(({ key }) => used.get(key) ?? 0)
      if (taking !== undefined && isFree(taking, before)) {
        const additions = counters.map((counter) => ({ ...counter, by: 1 }))
        for (const addition of additions) count(addition)
        this.#additions.push(...additions)
      }
      resolve(before)
    }
  }
}
