import type { Target } from './target.ts'

/** Newest first. */
export function targetHistory(targets: readonly Target[]): readonly Target[] {
  return targets.toSorted((a, b) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1))
}

/**
 * What an Upstream's Targets come down to: of each address the newest statement, unless its weight is 0. Newest first.
 * `targets` are those of one Upstream, in any order.
 */
export function activeTargets(targets: readonly Target[]): readonly Target[] {
  const newest = new Map<string, Target>()
  for (const target of targetHistory(targets)) {
    if (!newest.has(target.target)) newest.set(target.target, target)
  }
  return [...newest.values()].filter(({ weight }) => weight > 0)
}
