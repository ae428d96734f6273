import type { Mutant } from './mutant.ts'
import type { Red } from './vitest-report.ts'

/** What became of a mutant. */
export type Fate =
  /** `by` is undefined where scenarios did not come to an end within the time of a mutant. */
  { readonly kind: 'killed'; readonly by: Red | undefined } | { readonly kind: 'survived' }

export interface Result {
  readonly mutant: Mutant
  readonly fate: Fate
  readonly durationMs: number
}

export interface Score {
  readonly mutants: number
  readonly killed: number
  /** Survivors that nobody could notice. */
  readonly explained: number
  /** Of all mutants. */
  readonly percent: number
  /** Of those that could be noticed. */
  readonly percentOfNoticeable: number
  readonly passes: boolean
}

/** The least share of all mutants, explained or not, that has to be killed. */
const leastPercent = 95

export function scoreOf(results: readonly Result[]): Score {
  const survivors = results.filter(({ fate }) => fate.kind === 'survived')
  const explained = survivors.filter(({ mutant }) => mutant.explained !== undefined).length
  const mutants = results.length
  const killed = mutants - survivors.length
  const percent = share(killed, mutants)
  return {
    mutants,
    killed,
    explained,
    percent,
    percentOfNoticeable: share(killed, mutants - explained),
    passes: mutants > 0 && percent >= leastPercent,
  }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole
}
