import type { Canary } from '#lab/probes/canary.ts'
import type { Entry, Times } from '#lab/probes/ledger/book.ts'
import type { Passage } from '#lab/probes/ledger/plan-books.ts'

/**
 * What a scenario says of the way of its requests. Without, each goes the way of the topology if interception is
 * installed when the books are looked at, and straight to the service if not.
 */
export interface BalanceClaim extends Partial<Passage> {
  /** What holds for single requests instead. */
  readonly except?: Readonly<Record<Canary, Partial<Passage>>>
  /** What limiters and plugins have counted. */
  readonly counted?: readonly Tally[]
  /**
   * After what time without anything new what is missing is not expected any more. Logs may be late, packets are not: 0
   * does for a claim that packets alone refute. Default: 5 000.
   */
  readonly quietMs?: number
}

/** What one limiter or plugin has counted. */
export interface Tally {
  /** In words: `rate-limiting in Redis`. */
  readonly by: string
  /** One for each time that it has counted a request. */
  readonly entries: readonly Entry[]
  /** How often it is to count each request of `of`; default once. Others it is not to count at all. */
  readonly times?: Times
  /** Default: all that were sent. */
  readonly of?: readonly Canary[]
}
