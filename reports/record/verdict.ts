import type { Counts, RunRecord, Verdict } from './record.ts'

/** From the best to the worst. */
export const verdicts = [
  'passed',
  'skipped',
  'unknown',
  'failed',
] as const satisfies readonly Verdict[]

export function countVerdicts(items: Iterable<{ readonly verdict: Verdict }>): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0, unknown: 0 }
  for (const { verdict } of items) counts[verdict] += 1
  return counts
}

/** A fault outside any test fails a run as a failed test does. */
export function verdictOfRun(counts: Counts, faults: readonly string[]): Verdict {
  if (counts.failed > 0 || faults.length > 0) return 'failed'
  return counts.unknown > 0 ? 'unknown' : 'passed'
}

/** What decides the exit code: failed tests, tests without a verdict, and faults outside any test. */
export function countAgainst({ counts, faults }: Pick<RunRecord, 'counts' | 'faults'>): number {
  return counts.failed + counts.unknown + faults.length
}
