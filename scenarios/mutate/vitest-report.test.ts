import { describe, expect, it } from 'vitest'
import { parseVerdicts } from './vitest-report.ts'

function report(...files: readonly object[]): string {
  return JSON.stringify({ testResults: files })
}

const passed = { fullName: 'on tutorial passes', status: 'passed', failureMessages: [] }
const failed = {
  fullName: 'on tutorial fails',
  status: 'failed',
  failureMessages: ['\nAssertionError: expected 1 to be 2\n    at x'],
}
const skipped = { fullName: 'on tutorial waits', status: 'skipped' }

describe('a report of vitest', () => {
  it('says what passed, and what is red and why', () => {
    const assertionResults = [passed, failed, skipped]
    expect(parseVerdicts(report({ name: 'a', status: 'failed', assertionResults }))).toEqual({
      passed: ['on tutorial passes'],
      red: [
        { title: 'on tutorial fails', reason: 'AssertionError: expected 1 to be 2', file: 'a' },
      ],
    })
  })

  it('names the file where that fails as a whole', () => {
    const file = { name: '/a', status: 'failed', message: 'no lab\nat x', assertionResults: [] }
    expect(parseVerdicts(report(file)).red).toEqual([{ title: '/a', reason: 'no lab', file: '/a' }])
    const green = { name: '/b', status: 'passed', message: '', assertionResults: [passed] }
    expect(parseVerdicts(report(green)).red).toEqual([])
  })

  it.for(['', '{}', '{"testResults":[{}]}', 'no json'])('is not %o', (text) => {
    expect(() => parseVerdicts(text)).toThrow(SyntaxError)
  })
})
