import { expect, type TestContext } from 'vitest'
import { explain } from '#lab/docs-runner/render-results.ts'
import type { StepResult } from '#lab/docs-runner/run-page.ts'
import type { TopologyRecord } from '#reports/record/record.ts'
import { openScenarioLog } from '#reports/record/scenario-log.ts'

export interface JudgedStep {
  readonly line: number
  readonly title: string
  readonly result: StepResult | undefined
  /** Who has typed it. */
  readonly node: string
  /** Where; default: in no lab. */
  readonly topology?: TopologyRecord
}

/** Puts a step of a page on record; fails with what is not true of it, and skips what the page did not come to. */
export function judgeStep(
  { line, title, result, node, topology }: JudgedStep,
  { task, skip }: TestContext,
): void {
  if (result === undefined) throw new Error(`line ${line} has no result`)
  skip(result.verdict === 'skipped', result.fault)
  using log = openScenarioLog(task)
  if (topology !== undefined) log.setTopology(topology)
  if (result.kind === 'command') {
    const { exitCode = null, printed: stdout, durationMs } = result
    const argv = ['bash', '-c', title]
    log.addCommand({ node, argv, exitCode, stdout, stderr: '', durationMs })
  }
  expect(result).toMatchObject({ line, title })
  expect(result.verdict === 'true' ? '' : explain(result)).toBe('')
}
