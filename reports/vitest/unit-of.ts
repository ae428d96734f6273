import type { TestCase } from 'vitest/node'
import type { UnitRecord } from '#reports/record/record.ts'
import { outcomeOf } from './outcome-of.ts'
import { suiteTitles } from './scenario-of.ts'

export function unitOf(test: TestCase, root: string): UnitRecord {
  return {
    file: test.module.relativeModuleId,
    suite: suiteTitles(test),
    title: test.name,
    ...outcomeOf(test, root),
    durationMs: test.diagnostic()?.duration ?? 0,
  }
}
