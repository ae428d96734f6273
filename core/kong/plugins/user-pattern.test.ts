import { describe, expect, it } from 'vitest'
import { compileUserPattern, isUserPattern } from './user-pattern.ts'

describe('compileUserPattern', () => {
  it('finds a pattern anywhere in a text', () => {
    const pattern = compileUserPattern('b[0-9]+c')
    expect(pattern.test('ab12cd')).toBe(true)
    expect(pattern.test('abcd')).toBe(false)
  })

  it('understands (?i) at the start', () => {
    expect(compileUserPattern('(?i)bot').test('ROBOT')).toBe(true)
    expect(compileUserPattern('bot').test('ROBOT')).toBe(false)
  })

  it('takes linear time for what backtracking would take for ever', () => {
    const pattern = compileUserPattern('^(?:a+)+$')
    const started = performance.now()
    expect(pattern.test(`${'a'.repeat(5000)}!`)).toBe(false)
    expect(pattern.test('a'.repeat(5000))).toBe(true)
    expect(performance.now() - started).toBeLessThan(5000)
  })

  it('runs lookaround on short texts only', () => {
    const pattern = compileUserPattern('^(?!.*good).*bot')
    expect(pattern.test('a bot')).toBe(true)
    expect(pattern.test('a good bot')).toBe(false)
    expect(pattern.test(`a bot${' '.repeat(1024)}`)).toBe(false)
  })

  it('refuses what is no expression', () => {
    expect(isUserPattern('(a')).toBe(false)
    expect(isUserPattern('(a)')).toBe(true)
  })
})
