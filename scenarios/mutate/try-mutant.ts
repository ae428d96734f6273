import { MutantError } from './apply-mutant.ts'
import type { Mutant, Watcher } from './mutant.ts'
import { runScenarios } from './run-scenarios.ts'
import type { Result } from './score.ts'
import type { Red } from './vitest-report.ts'
import type { Workshop } from './workshop.ts'

/** How long the scenarios of one mutant may take together. */
const withinMs = 300_000

/**
 * Breaks the workshop's project by a mutant, and asks its watchers until one of them is red. One that is red for any other
 * reason than that a claim does not hold, is asked again: it has to be red twice.
 */
export async function tryMutant(
  workshop: Workshop,
  mutant: Mutant,
  { signal }: { readonly signal: AbortSignal },
): Promise<Result> {
  const startedMs = performance.now()
  const ended = (fate: Result['fate']): Result => ({
    mutant,
    fate,
    durationMs: performance.now() - startedMs,
  })
  const late = AbortSignal.timeout(withinMs)
  const terms = { signal: AbortSignal.any([signal, late]), untilRed: true, filesAtOnce: 1 }
  await using _broken = await workshop.breakBy(mutant)
  try {
    for (const watcher of mutant.watchers) {
      // oxlint-disable-next-line no-await-in-loop -- the next one is only asked when this one has noticed nothing
      let { passed, red } = await runScenarios(workshop, [watcher], terms)
      if (red[0] !== undefined && !isJudgement(red[0])) {
        // oxlint-disable-next-line no-await-in-loop
        ;({ passed, red } = await runScenarios(workshop, [watcher], terms))
      }
      const [by] = red
      if (by !== undefined) return ended({ kind: 'killed', by })
      if (passed.length === 0)
        throw new MutantError(`${nameOf(watcher)} was asked, and ran nothing.`)
    }
    return ended({ kind: 'survived' })
  } catch (error) {
    if (late.aborted && !signal.aborted) return ended({ kind: 'killed', by: undefined })
    throw error
  }
}

/** A busy machine can be why something did not happen in time; it is not why something is what it is not. */
function isJudgement({ reason }: Red): boolean {
  return reason.startsWith('AssertionError')
}

function nameOf({ file, title }: Watcher): string {
  return title === undefined ? file : `"${title}" in ${file}`
}
