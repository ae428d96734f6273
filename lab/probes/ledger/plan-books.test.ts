import { describe, expect, it } from 'vitest'
import type { Entry } from './book.ts'
import { findImbalances } from './find-imbalances.ts'
import { planBooks, type Passage } from './plan-books.ts'

const id = 'canary-one'
const both: Passage = { handledBy: ['a', 'b'] }

interface Seen {
  readonly legs?: Readonly<Record<string, number>>
  readonly a?: number
  readonly b?: number
  readonly served?: number
}

const whole: Seen = { legs: { 'c to a': 1, 'a to b': 1, 'b to s': 1 }, a: 1, b: 1, served: 1 }

function found(passage: Passage, { legs = {}, a = 0, b = 0, served = 0 }: Seen): readonly string[] {
  let time = 0
  const entries = (times: number): readonly Entry[] =>
    Array.from({ length: times }, () => ({ id, where: 'x', at: (time += 1) }))
  const { sent, books } = planBooks({
    sent: [{ id, where: 'x' }],
    passageOf: () => ({ from: 'c', ...passage }),
    service: 's',
    crossed: new Map(Object.entries(legs).map(([name, times]) => [name, entries(times)])),
    handled: new Map([
      ['a', entries(a)],
      ['b', entries(b)],
    ]),
    served: entries(served),
  })
  return findImbalances(sent, books).map(({ kind, text }) => {
    return `${kind}: ${text.replace(`${id}: `, '').replace(/ has it.*$/, '')}`
  })
}

describe(planBooks, () => {
  it('is content with a request that crosses each leg of its way once, is handled once by each proxy and served once', () => {
    expect(found(both, whole)).toEqual([])
  })

  it('finds a request that goes past the second proxy', () => {
    const legs = { 'c to a': 1, 'a to s': 1 }
    expect(found(both, { legs, a: 1, served: 1 })).toEqual([
      'missing: a to b',
      'surplus: a to s',
      'surplus: the log of s',
    ])
  })

  it('finds a request that a proxy sends twice, at the leg where it begins', () => {
    const legs = { 'c to a': 1, 'a to b': 1, 'b to s': 2 }
    expect(found(both, { ...whole, legs, served: 2 })).toEqual(['surplus: b to s'])
  })

  it('finds a request that is lost, where it is lost', () => {
    expect(found(both, { legs: { 'c to a': 1 }, a: 1 })).toEqual(['missing: a to b'])
  })

  it('finds a proxy that does not log what packets show, and one that logs what they do not', () => {
    expect(found(both, { ...whole, a: 0 })).toEqual(['missing: the log of a'])
    expect(found(both, { ...whole, b: 2 })).toEqual(['surplus: the log of b'])
  })

  it('finds a service that saw what did not come in', () => {
    expect(found(both, { ...whole, served: 2 })).toEqual(['surplus: the log of s'])
  })

  it('lets a request be answered by a proxy, and nothing of it go on then', () => {
    const passage = { ...both, endsAt: 'b' }
    const { 'b to s': _, ...legs } = { ...whole.legs }
    expect(found(passage, { legs, a: 1, b: 1 })).toEqual([])
    expect(found(passage, whole)).toEqual(['surplus: b to s', 'surplus: the log of s'])
    expect(() => found({ ...both, endsAt: 'x' }, whole)).toThrow('x is not on the way c, a, b, s')
  })

  it('lets a retry, and a request that was cut, be said', () => {
    const retried = { ...both, crossed: { 'b to s': 2 }, served: 1 }
    expect(found(retried, { ...whole, legs: { ...whole.legs, 'b to s': 2 } })).toEqual([])
    expect(found(retried, whole)).toEqual(['missing: b to s'])
    const cut = { ...both, crossed: { 'b to s': { atLeast: 0, atMost: 1 } } }
    const { 'b to s': _, ...legs } = { ...whole.legs }
    expect(found(cut, { ...whole, legs, served: 0 })).toEqual([])
    expect(found(cut, whole)).toEqual([])
  })

  it('knows the way without proxies', () => {
    const direct = { handledBy: [] }
    expect(found(direct, { legs: { 'c to s': 1 }, served: 1 })).toEqual([])
    expect(found(direct, whole).length).toBeGreaterThan(0)
  })
})
