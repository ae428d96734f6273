import { describe, expect, it } from 'vitest'
import { blindWatchers, chooseMutants, watchedFiles } from './choose-mutants.ts'
import { seenBy, type Mutant, type Watcher } from './mutant.ts'
import { allMutants } from './mutants/all-mutants.ts'

function mutant(id: string, ...watchers: readonly Watcher[]): Mutant {
  return { id, breaks: 'Something.', file: 'a.ts', text: 'a', replacement: 'b', watchers }
}

const one = mutant('one', seenBy('x', 'some title'), seenBy('y'))
const two = mutant('two', seenBy('y'), seenBy('w'))

describe('mutants', () => {
  it('are chosen by their ids, in the order of these', () => {
    expect(chooseMutants([one, two], ['two', 'one'])).toEqual([two, one])
    expect(chooseMutants([one, two], undefined)).toEqual([one, two])
  })

  it('that are unknown are told by name', () => {
    expect(() => chooseMutants([one], ['other'])).toThrow('There is no mutant "other"')
  })

  it('with the same id are refused', () => {
    expect(() => chooseMutants([one, two, mutant('one')], undefined)).toThrow(
      'Several mutants are called one.',
    )
  })

  it('of the project differ in their ids, and are many', () => {
    expect(chooseMutants(allMutants, undefined).length).toBeGreaterThanOrEqual(100)
  })
})

describe('scenarios that are asked', () => {
  it('are in each file once', () => {
    expect(watchedFiles([one, two])).toEqual(['w', 'x', 'y'])
  })

  it('must have the titles that they are asked by', () => {
    expect(blindWatchers([one, two], ['this is some title of a scenario'])).toEqual([])
    expect(blindWatchers([one, two], ['another title'])).toEqual(['one: "some title" in x'])
  })
})
