import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { takeHostState } from '#lab/docs-runner/host-state.ts'
import { noneLeft } from '#lab/docs-runner/leftovers.ts'
import { parsePage } from '#lab/docs-runner/parse-page.ts'
import { pageSteps, type StepResult } from '#lab/docs-runner/run-page.ts'
import { judgeStep } from './judge-step.ts'

const root = join(import.meta.dirname, '..', '..')
const runner = join(root, 'lab/docs-runner/main.ts')
/** The tutorial is typed in a yard: see its own scenario. */
const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()].filter(
  (page) => page !== 'docs/tutorial.md',
)

describe.for(pages.map((page) => ({ page, steps: readSteps(page) })).filter(hasSteps))(
  '$page',
  ({ page, steps }) => {
    let results: readonly StepResult[]
    let before: ReturnType<typeof takeHostState>

    beforeAll(async () => {
      before = takeHostState([root])
      results = await runPage(page)
    }, 900_000)

    test.for(steps.map((step, index) => ({ ...step, index, first: step.title.split('\n')[0] })))(
      'line $line is true: $first',
      ({ index, line, title }, context) => {
        judgeStep({ line, title, result: results[index], node: page }, context)
      },
    )

    test('the page ends all that it starts', ({ skip }) => {
      skip(
        results.some(({ verdict }) => verdict === 'skipped'),
        'the page did not come to its end',
      )
      expect(results[steps.length]).toMatchObject({ title: noneLeft, printed: '', verdict: 'true' })
    })

    test('the machine is the same before and after', () => {
      expect(takeHostState([root])).toEqual(before)
    })
  },
)

test('every page is one that runs, or has nothing to run', () => {
  expect(pages).toContain('README.md')
  expect(pages.filter((page) => readSteps(page).length > 0)).toContain('docs/plugins.md')
})

function readSteps(page: string): ReturnType<typeof pageSteps> {
  return pageSteps(parsePage(readFileSync(join(root, page), 'utf8')))
}

function hasSteps({ steps }: { readonly steps: readonly unknown[] }): boolean {
  return steps.length > 0
}

/** In surroundings that are thrown away, from the folder that a reader is in. */
function runPage(page: string): Promise<readonly StepResult[]> {
  const argv = [runner, page, '--sandbox', '--json']
  return new Promise((resolve, reject) => {
    execFile(process.execPath, argv, { cwd: root }, (_error, stdout, stderr) => {
      if (stdout === '') reject(new Error(`${page} cannot be run: ${stderr}`))
      else resolve(JSON.parse(stdout))
    })
  })
}
