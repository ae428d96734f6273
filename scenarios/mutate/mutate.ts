import { blindWatchers, watchedFiles } from './choose-mutants.ts'
import { MutantError } from './apply-mutant.ts'
import { seenBy, type Mutant } from './mutant.ts'
import { runScenarios } from './run-scenarios.ts'
import type { Result } from './score.ts'
import { tryMutant } from './try-mutant.ts'
import type { Verdicts } from './vitest-report.ts'
import { openWorkshop, type Workshop } from './workshop.ts'

export interface MutateOptions {
  readonly atOnce: number
  readonly signal: AbortSignal
  /** Hears of each mutant as soon as its fate is known. */
  readonly onResult: (result: Result) => void
  /** Hears what is being done. */
  readonly say: (message: string) => void
}

/**
 * Tries each mutant on a copy of the project, of which all scenarios that are asked are green.
 * @throws {MutantError} When they are not, or a mutant cannot be made, or a watcher watches nothing.
 */
export async function mutate(
  mutants: readonly Mutant[],
  { atOnce, signal, onResult, say }: MutateOptions,
): Promise<readonly Result[]> {
  await using stack = new AsyncDisposableStack()
  const workshops: Workshop[] = []
  for (let number = 0; number < Math.min(atOnce, mutants.length); number++) {
    // oxlint-disable-next-line no-await-in-loop -- the disk is one
    workshops.push(stack.use(await openWorkshop()))
  }
  const [first] = workshops
  if (first === undefined) return []
  await checkAll(first, mutants)
  await checkBaseline(first, mutants, { atOnce, signal, say })

  const queue = mutants.entries()
  const results: Result[] = []
  const failing = new AbortController()
  const either = AbortSignal.any([signal, failing.signal])
  const workers = workshops.map(async (workshop) => {
    try {
      for (const [index, mutant] of queue) {
        // oxlint-disable-next-line no-await-in-loop -- a workshop has room for one
        const result = await tryMutant(workshop, mutant, { signal: either })
        results[index] = result
        onResult(result)
      }
    } catch (error) {
      failing.abort(error)
      throw error
    }
  })
  const settled = await Promise.allSettled(workers)
  if (settled.some(({ status }) => status === 'rejected')) either.throwIfAborted()
  return results
}

/** All faults of the list at once, before any time is spent. */
async function checkAll(workshop: Workshop, mutants: readonly Mutant[]): Promise<void> {
  const faults: string[] = []
  for (const mutant of mutants) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- two of them may break one file
      await using _broken = await workshop.breakBy(mutant)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      faults.push(error.message)
    }
  }
  if (faults.length > 0) throw new MutantError(faults.join('\n'))
}

async function checkBaseline(
  workshop: Workshop,
  mutants: readonly Mutant[],
  { atOnce, signal, say }: Pick<MutateOptions, 'atOnce' | 'signal' | 'say'>,
): Promise<void> {
  const files = watchedFiles(mutants)
  const startedMs = performance.now()
  const look = (asked: readonly string[], filesAtOnce: number): Promise<Verdicts> =>
    runScenarios(
      workshop,
      asked.map((file) => seenBy(file)),
      { signal, untilRed: false, filesAtOnce },
    )
  const first = await look(files, atOnce)
  // Two files on a busy machine can be in each other's way.
  const again = files.filter((file) =>
    first.red.some((red) => red.file.endsWith(`/${file}.scenario.ts`)),
  )
  if (again.length > 0) say(`red without any mutant, and looked at once more: ${again.join(', ')}`)
  const second = again.length > 0 ? await look(again, 1) : undefined
  const red = second?.red ?? first.red
  if (red.length > 0) {
    const lines = red.map(({ title, reason }) => `  ${title}: ${reason}`)
    throw new MutantError(
      `Without any mutant these are red already, so that nothing can be said of mutants:\n${lines.join('\n')}`,
    )
  }
  const passed = [...new Set([...first.passed, ...(second?.passed ?? [])])]
  const blind = blindWatchers(mutants, passed)
  if (blind.length > 0) throw new MutantError(`No scenario is called so:\n  ${blind.join('\n  ')}`)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
  say(`unbroken, all ${passed.length} scenarios of ${files.length} files are green (${seconds} s)`)
}
