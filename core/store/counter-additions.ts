import type { CounterAddition } from './counter-table.ts'

/** One addition for each key, by ascending key: whoever locks many counters locks them in the same order. */
export function mergeAdditions(additions: readonly CounterAddition[]): readonly CounterAddition[] {
  const merged = new Map<string, CounterAddition>()
  for (const addition of additions)
    merged.set(addition.key, sum(merged.get(addition.key), addition))
  return [...merged.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

/** Two additions to the same counter as one. */
export function sum(first: CounterAddition | undefined, second: CounterAddition): CounterAddition {
  return first === undefined
    ? second
    : {
        key: second.key,
        by: first.by + second.by,
        expiresAt: Math.max(first.expiresAt, second.expiresAt),
      }
}
