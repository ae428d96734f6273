import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { applyMutant, MutantError } from './apply-mutant.ts'
import type { Mutant } from './mutant.ts'
import { allMutants } from './mutants/all-mutants.ts'
import { controls } from './self-check.ts'

const source = 'export const limit: number = 10\nexport const used = limit\n'

function mutant(text: string, replacement: string, file = 'a.ts'): Mutant {
  return { id: 'some', breaks: 'Something.', file, text, replacement, watchers: [] }
}

describe('a mutant', () => {
  it('replaces its text, as it stands', () => {
    expect(applyMutant(source, mutant('= 10', '= $& + 1'))).toBe(
      'export const limit: number = $& + 1\nexport const used = limit\n',
    )
  })

  it.for([
    ['is not there', 'missing'],
    ['is there twice', 'limit'],
    ['is empty', ''],
  ])('no longer applies where its text %s', ([, text]) => {
    const apply = (): string => applyMutant(source, mutant(text ?? '', 'x'))
    expect(apply).toThrow(MutantError)
    expect(apply).toThrow(/The mutant some no longer applies: its text is \d times in a\.ts/)
  })

  it('that changes nothing is refused', () => {
    expect(() => applyMutant(source, mutant('= 10', '= 10'))).toThrow('changes nothing in a.ts')
  })

  it('that makes no program of a file is refused, since that would be noticed whoever looks', () => {
    expect(() => applyMutant(source, mutant('= 10', '= ('))).toThrow('makes a.ts no program')
    expect(applyMutant(source, mutant('= 10', '= (', 'a.txt'))).toContain('= (')
  })
})

describe('the mutants of the project', () => {
  it.for([...allMutants, ...Object.values(controls)])(
    '$id applies to the files as they are',
    async (each) => {
      const text = await readFile(join(projectRoot, each.file), 'utf8')
      expect(applyMutant(text, each)).not.toBe(text)
    },
  )

  it.for(allMutants)(
    '$id is explained in a sentence, and has somebody to notice it',
    ({ breaks, watchers, id }) => {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$/)
      expect(breaks).toMatch(/^[A-Z].*\.$/)
      expect(watchers.length).toBeGreaterThan(0)
    },
  )
})
