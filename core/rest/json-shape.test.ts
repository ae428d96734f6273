import { describe, expect, it } from 'vitest'
import { judgeJsonShape, widest } from './json-shape.ts'

const judge = (text: string): string => judgeJsonShape(Buffer.from(text))

const object = (names: number): string =>
  `{${Array.from({ length: names }, (_, index) => `"n${index}":1`).join(',')}}`

describe('judgeJsonShape', () => {
  it('takes 1000 levels and no more', () => {
    expect(judge(`${'['.repeat(1000)}${']'.repeat(1000)}`)).toBe('fine')
    expect(judge(`${'['.repeat(1001)}${']'.repeat(1001)}`)).toBe('too deep')
    expect(judge('{"a":'.repeat(1001))).toBe('too deep')
  })

  it('takes objects of 10,000 names and no more, at every level', () => {
    expect(judge(object(widest))).toBe('fine')
    expect(judge(object(widest + 1))).toBe('too wide')
    expect(judge(`{"config":[1,${object(widest + 1)}]}`)).toBe('too wide')
  })

  it('counts each object by itself', () => {
    const inner = object(widest - 1)
    expect(judge(`{"a":${inner},"b":[${inner},${inner}],"c":${inner}}`)).toBe('fine')
  })

  it('sees no structure in texts', () => {
    expect(judge(`{"a":"${'[{:'.repeat(20_000)}\\"${':'.repeat(20_000)}"}`)).toBe('fine')
    expect(judge(`{"a\\\\":${object(widest + 1)}}`)).toBe('too wide')
  })

  it('is not confused by closings without openings', () => {
    expect(judge(`${']'.repeat(5000)}:${'}'.repeat(10)}:`)).toBe('fine')
  })
})
