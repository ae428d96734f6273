/** Counts how often what is limited was used. A counter belongs to one window of time and is forgotten after it. */
export interface UsageCounters {
  /**
   * Counts one use with all of them, or with none when one of them is used up; returns what each had counted before.
   * Rejects while the counters cannot be reached.
   */
  take(counters: readonly LimitedCounter[]): readonly number[] | Promise<readonly number[]>
  /** Rejects while the counters cannot be reached. */
  read(counters: readonly UsageCounter[]): readonly number[] | Promise<readonly number[]>
  /** Counts in the background; what cannot be counted is lost and told in the log. */
  add(additions: readonly UsageAddition[]): void
}

export interface UsageCounter {
  readonly key: string
  /** Unix time in ms from which on the counter is not asked for any more. */
  readonly end: number
}

export interface LimitedCounter extends UsageCounter {
  readonly limit: number
}

export interface UsageAddition extends UsageCounter {
  readonly by: number
}

/** Whether there is room for one more use. */
export function isFree(counters: readonly LimitedCounter[], used: readonly number[]): boolean {
  return counters.every(({ limit }, index) => limit - (used[index] ?? 0) > 0)
}
