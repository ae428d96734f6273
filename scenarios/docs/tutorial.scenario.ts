import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parsePage } from '#lab/docs-runner/parse-page.ts'
import { pageSteps, type StepResult } from '#lab/docs-runner/run-page.ts'
import { openLab, type Lab } from '#lab/lab.ts'
import { toTopologyRecord } from '#lab/probes/topology-record.ts'
import { judgeStep } from './judge-step.ts'

const root = join(import.meta.dirname, '..', '..')
const page = 'docs/tutorial.md'
const runner = join(root, 'lab/docs-runner/main.ts')
const steps = pageSteps(parsePage(readFileSync(join(root, page), 'utf8')))

describe(page, () => {
  let lab: Lab
  let results: readonly StepResult[]
  let processesBefore: string

  beforeAll(async () => {
    // The page is written for a shell in a lab of namespaces.
    lab = await openLab('tutorial', { bare: true, backend: 'namespaces' })
    processesBefore = await processes(lab)
    const argv = [process.execPath, runner, join(root, page), '--json'] as const
    const { stdout, stderr } = await lab.exec('service-a', argv, { timeoutMs: 110_000 })
    if (stdout === '') throw new Error(`${page} cannot be run: ${stderr}`)
    results = JSON.parse(stdout)
    return () => lab[Symbol.asyncDispose]()
  })

  test.for(steps.map((step, index) => ({ ...step, index, first: step.title.split('\n')[0] })))(
    'line $line is true: $first',
    ({ index, line, title }, context) => {
      const topology = toTopologyRecord(lab.topology)
      judgeStep({ line, title, result: results[index], node: 'service-a', topology }, context)
    },
  )

  test('at the end of the page no process is left', async ({ skip }) => {
    skip(!results.every(({ verdict }) => verdict === 'true'), 'the page did not come to its end')
    expect(await processes(lab)).toBe(processesBefore)
  })
})

async function processes(lab: Lab): Promise<string> {
  const { stdout } = await lab.exec('service-a', ['ps', '-e', '-o', 'args='])
  return stdout
}
