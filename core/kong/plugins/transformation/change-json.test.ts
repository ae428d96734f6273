import { describe, expect, it } from 'vitest'
import { type ChangeLists, parseChanges } from './change.ts'
import { changeJson } from './change-json.ts'

function change(text: string, lists: Partial<ChangeLists>): string | undefined {
  const changes = parseChanges({ remove: [], replace: [], add: [], append: [], ...lists })
  return changes === undefined ? text : changeJson(text, changes)
}

describe('changeJson', () => {
  it.for([
    ['{"a":1,"b":2}', { remove: ['a', 'c'] }, '{"b":2}'],
    ['{"a":1,"b":2}', { rename: ['a:c', 'x:y'] }, '{"b":2,"c":1}'],
    ['{"a":null}', { replace: ['a:x', 'b:y'] }, '{"a":"x"}'],
    ['{"a":1}', { replace: ['a:'] }, '{}'],
    ['{"a":1}', { add: ['a:2', 'b:{"c":1}'] }, String.raw`{"a":1,"b":"{\"c\":1}"}`],
    [
      '{"a":"1","b":[1]}',
      { append: ['a:2', 'b:2', 'c:3'] },
      '{"a":["1","2"],"b":[1,"2"],"c":["3"]}',
    ],
    ['{"a":{"b":1},"c":1}', { append: ['a:2', 'c:2'] }, '{"a":{"b":1},"c":["2"]}'],
    ['', { add: ['a:1'] }, '{"a":"1"}'],
    ['{}', { add: ['__proto__:1'] }, '{"__proto__":"1"}'],
  ] as const)('makes of %j with %j: %j', ([text, lists, expected]) => {
    expect(change(text, lists)).toBe(expected)
  })

  it.for(['[1]', '"a"', 'null', '{"a":', '<p>'])('says that %j is no object', (text) => {
    expect(change(text, { add: ['a:1'] })).toBeUndefined()
  })
})
