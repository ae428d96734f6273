import { describe, expect, it } from 'vitest'
import { parseOptions } from './parse-options.ts'

describe('the arguments', () => {
  it('without any, try all mutants, two at a time', () => {
    expect(parseOptions([])).toEqual({ only: undefined, action: 'mutate', json: false, atOnce: 2 })
  })

  it('choose mutants, one after the other or by commas', () => {
    expect(parseOptions(['--only', 'a', '--only=b,c', '--json', '--one-at-a-time'])).toEqual({
      only: ['a', 'b', 'c'],
      action: 'mutate',
      json: true,
      atOnce: 1,
    })
  })

  it('list, or check the program itself, but not both', () => {
    expect(parseOptions(['--list']).action).toBe('list')
    expect(parseOptions(['--self-check']).action).toBe('self-check')
    expect(() => parseOptions(['--list', '--self-check'])).toThrow('exclude each other')
  })

  it('that are unknown are refused', () => {
    expect(() => parseOptions(['--all'])).toThrow(TypeError)
    expect(() => parseOptions(['id'])).toThrow(TypeError)
  })
})
