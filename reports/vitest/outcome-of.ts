import type { TestCase, TestModule, TestSuite } from 'vitest/node'
import type { FailureRecord, Verdict } from '#reports/record/record.ts'
import { errorText, failureOf } from './failure.ts'

export interface Outcome {
  readonly verdict: Verdict
  readonly note: string | undefined
  readonly failures: readonly FailureRecord[]
}

/** The verdict of a test; one that did not come to an end, or never began because its set-up failed, is `unknown`. */
export function outcomeOf(test: TestCase, root: string): Outcome {
  const result = test.result()
  switch (result.state) {
    case 'passed':
      return {
        verdict: 'passed',
        note: undefined,
        failures: (result.errors ?? []).map((error) => failureOf(error, root)),
      }
    case 'failed': {
      const unknown = result.errors.every((error) => error.name === 'UnknownVerdict')
      const failures = result.errors.map((error) => failureOf(error, root))
      return unknown && failures.length > 0
        ? { verdict: 'unknown', note: result.errors[0]?.message, failures }
        : { verdict: 'failed', note: undefined, failures }
    }
    case 'skipped': {
      const setUp = test.options.mode === 'run' ? setUpFailure(test.parent) : undefined
      return setUp === undefined
        ? { verdict: 'skipped', note: result.note, failures: [] }
        : { verdict: 'unknown', note: `Its set-up failed: ${setUp}`, failures: [] }
    }
    case 'pending':
      return { verdict: 'unknown', note: 'The run ended before its result came in.', failures: [] }
  }
}

function setUpFailure(owner: TestModule | TestSuite): string | undefined {
  const error = owner.errors()[0]
  if (error !== undefined) return errorText(error)
  return owner.type === 'suite' ? setUpFailure(owner.parent) : undefined
}
