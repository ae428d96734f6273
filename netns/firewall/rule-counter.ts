import { parseComment } from './rule-comment.ts'

/** What one rule has matched. In a chain that redirects, only the first packet of each connection comes by. */
export interface RuleCounter {
  /** The rule's reason, cut where it is longer than a comment may be. */
  readonly reason: string
  readonly packets: number
  readonly bytes: number
}

/** A counter as a tool lists it: under the comment of its rule. */
export interface CommentedCounter {
  readonly comment: string
  readonly packets: number
  readonly bytes: number
}

/** Sums the counters of the rules of one set, in the order of the set. */
export function sumCounters(name: string, listed: readonly CommentedCounter[]): RuleCounter[] {
  const counters = new Map<number, RuleCounter>()
  for (const { comment, packets, bytes } of listed) {
    const rule = parseComment(comment)
    if (rule?.name !== name) continue
    const sum = counters.get(rule.index) ?? { packets: 0, bytes: 0 }
    counters.set(rule.index, {
      reason: rule.reason,
      packets: sum.packets + packets,
      bytes: sum.bytes + bytes,
    })
  }
  return [...counters].toSorted(([a], [b]) => a - b).map(([, counter]) => counter)
}
