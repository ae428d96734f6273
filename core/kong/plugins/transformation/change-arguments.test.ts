import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePairs } from '#core/rest/urlencoded.ts'
import { type ChangeLists, parseChanges } from './change.ts'
import { changeArguments } from './change-arguments.ts'

function change(text: string, lists: Partial<ChangeLists>): string {
  const changes = parseChanges({ remove: [], replace: [], add: [], append: [], ...lists })
  return changes === undefined ? text : changeArguments(text, changes)
}

describe('changeArguments', () => {
  it.for([
    ['a=1&b=2&a=3', { remove: ['a'] }, 'b=2'],
    ['a=1&b=2&a=3', { rename: ['a:c'] }, 'c=1&b=2&c=3'],
    ['a=1&c=9', { rename: ['a:c'] }, 'c=1'],
    ['a', { rename: ['a:c'] }, 'c'],
    ['b=2', { rename: ['a:c'] }, 'b=2'],
    ['a=1&b=2&a=3', { replace: ['a:x y', 'd:4'] }, 'a=x%20y&b=2'],
    ['a=1&b=2', { replace: ['a:'] }, 'b=2'],
    ['a=1', { add: ['a:2', 'b:3'] }, 'a=1&b=3'],
    ['a=1', { append: ['a:2', 'b:3'] }, 'a=1&a=2&b=3'],
    ['', { append: ['a:http://x:1/?y'] }, 'a=http%3A%2F%2Fx%3A1%2F%3Fy'],
    ['%61=1&b=2', { remove: ['a'] }, 'b=2'],
    ['a=1', { remove: ['a'], add: ['a:2'], append: ['a:3'] }, 'a=2&a=3'],
  ] as const)('makes of %j with %j: %j', ([text, lists, expected]) => {
    expect(change(text, lists)).toBe(expected)
  })

  it('leaves what it is not told of as it is written', () => {
    const text = fc.webQueryParameters({ size: 'medium' })
    fc.assert(
      fc.property(text, (query) => {
        const named = parsePairs(query).some(({ name }) => name === 'zz')
        fc.pre(!named)
        expect(change(query, { remove: ['zz'], rename: ['zz:y'], replace: ['zz:1'] })).toBe(query)
      }),
    )
  })
})
