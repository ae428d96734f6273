import { stripTypeScriptTypes } from 'node:module'
import type { Mutant } from './mutant.ts'

/** A mutant that cannot be made of the project as it is. */
export class MutantError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MutantError'
  }
}

/**
 * The source of a file with the fault in it.
 * @throws {MutantError} When the text is not there exactly once, or what results is no program.
 */
export function applyMutant(source: string, mutant: Mutant): string {
  const { id, file, text, replacement } = mutant
  const count = text === '' ? 0 : source.split(text).length - 1
  if (count !== 1) {
    throw new MutantError(
      `The mutant ${id} no longer applies: its text is ${count} times in ${file}, not once; change it along with the file.`,
    )
  }
  const mutated = source.replace(text, () => replacement)
  if (mutated === source) throw new MutantError(`The mutant ${id} changes nothing in ${file}.`)
  try {
    if (file.endsWith('.ts')) stripTypeScriptTypes(mutated)
  } catch (error) {
    throw new MutantError(`The mutant ${id} makes ${file} no program: ${String(error)}`)
  }
  return mutated
}
