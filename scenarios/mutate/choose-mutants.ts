import { MutantError } from './apply-mutant.ts'
import type { Mutant, Watcher } from './mutant.ts'

/**
 * The mutants of these ids, or all.
 * @throws {MutantError} When an id is unknown, or two mutants have the same.
 */
export function chooseMutants(
  mutants: readonly Mutant[],
  only: readonly string[] | undefined,
): readonly Mutant[] {
  const byId = new Map(mutants.map((mutant) => [mutant.id, mutant]))
  if (byId.size < mutants.length) {
    const twice = mutants.filter((mutant) => byId.get(mutant.id) !== mutant).map(({ id }) => id)
    throw new MutantError(`Several mutants are called ${twice.join(', ')}.`)
  }
  return (
    only?.map((id) => {
      const mutant = byId.get(id)
      if (mutant === undefined) {
        throw new MutantError(`There is no mutant "${id}"; --list shows all of them.`)
      }
      return mutant
    }) ?? mutants
  )
}

/** The files of all scenarios that are asked about some mutant, each once. */
export function watchedFiles(mutants: readonly Mutant[]): readonly string[] {
  return [
    ...new Set(mutants.flatMap(({ watchers }) => watchers.map(({ file }) => file))),
  ].toSorted()
}

/**
 * Watchers that none of these scenarios answers for: a mistyped title would notice nothing, ever.
 * @param passed full titles.
 */
export function blindWatchers(
  mutants: readonly Mutant[],
  passed: readonly string[],
): readonly string[] {
  return mutants.flatMap(({ id, watchers }) =>
    watchers
      .filter(({ title }) => title !== undefined && !passed.some((full) => full.includes(title)))
      .map(({ file, title }: Watcher) => `${id}: "${title}" in ${file}`),
  )
}
