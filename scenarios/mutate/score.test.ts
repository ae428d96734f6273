import { describe, expect, it } from 'vitest'
import { renderResult, renderSummary } from './render-results.ts'
import { scoreOf, type Result } from './score.ts'
import { controls, controlsHold } from './self-check.ts'

function result(id: string, kind: 'killed' | 'survived', explained?: string): Result {
  const mutant = { ...controls.deadly, id, ...(explained !== undefined && { explained }) }
  const by = {
    title: 'on tutorial some claim',
    reason: 'AssertionError: expected 1 to be 2',
    file: '/a',
  }
  return {
    mutant,
    fate: kind === 'killed' ? { kind, by } : { kind },
    durationMs: 1234,
  }
}

function results(killed: number, survived: number, explained = 0): readonly Result[] {
  return [
    ...Array.from({ length: killed }, (_, index) => result(`killed-${index}`, 'killed')),
    ...Array.from({ length: survived }, (_, index) => result(`survivor-${index}`, 'survived')),
    ...Array.from({ length: explained }, (_, index) =>
      result(`explained-${index}`, 'survived', 'It does the same.'),
    ),
  ]
}

describe('the score', () => {
  it('counts all survivors, and tells what it is without the explained ones', () => {
    expect(scoreOf(results(96, 1, 3))).toMatchObject({
      mutants: 100,
      killed: 96,
      explained: 3,
      percent: 96,
      percentOfNoticeable: (100 * 96) / 97,
    })
  })

  it.for([
    [95, 5, 0, true],
    [94, 6, 0, false],
    // Explanations do not help.
    [94, 0, 6, false],
    [0, 0, 0, false],
  ] as const)(
    'of %i killed, %i survivors and %i explained ones passes: %o',
    ([killed, survived, explained, passes]) => {
      expect(scoreOf(results(killed, survived, explained)).passes).toBe(passes)
    },
  )
})

describe('what is printed', () => {
  it('names who has noticed a mutant, and how soon', () => {
    expect(renderResult(result('host-lost', 'killed'))).toBe(
      'killed      1.2 s  host-lost: on tutorial some claim: AssertionError: expected 1 to be 2',
    )
    const late = {
      ...result('host-lost', 'killed'),
      fate: { kind: 'killed', by: undefined } as const,
    }
    expect(renderResult(late)).toContain('no scenario came to an end in time')
    expect(renderResult(result('host-lost', 'survived'))).toBe('SURVIVED    1.2 s  host-lost')
  })

  it('ends with every survivor and both numbers', () => {
    const summary = renderSummary(results(18, 1, 1))
    expect(summary).toContain('survivor survivor-0 in core/dataplane/mesh/choose-authority.ts')
    expect(summary).toContain('nobody has noticed, and nobody says why')
    expect(summary).toContain('It does the same.')
    expect(summary).toContain('18 of 20 mutants killed: 90.0 %')
    expect(summary).toContain('without the 1 explained: 18 of 19, 94.7 %')
  })
})

describe('the controls', () => {
  const deadly = { ...result('x', 'killed'), mutant: controls.deadly }
  const harmless = { ...result('x', 'survived'), mutant: controls.harmless }

  it('hold when the deadly one was killed and the harmless one was not', () => {
    expect(controlsHold([harmless, deadly])).toBe(true)
    expect(controlsHold([harmless])).toBe(false)
    expect(controlsHold([deadly, { ...deadly, mutant: controls.harmless }])).toBe(false)
    expect(controlsHold([harmless, { ...harmless, mutant: controls.deadly }])).toBe(false)
  })
})
