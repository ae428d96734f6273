import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readRunRecord } from '#reports/record/reader.ts'
import type { RunRecord } from '#reports/record/record.ts'

const repository = resolve(import.meta.dirname, '../..')
const record = join(repository, 'reports/record')

/** A file's beginning: what its tests import. */
const head = `
import { beforeAll, describe, expect, it } from 'vitest'
import { openScenarioLog } from '${record}/scenario-log.ts'
import { UnknownVerdict } from '${record}/unknown-verdict.ts'
const topology = { name: 'sidecars', nodes: [], links: [] }
`

let project: string

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'reporter-'))
  symlinkSync(join(repository, 'node_modules'), join(project, 'node_modules'))
  write('package.json', '{"type":"module"}')
  write(
    'vitest.config.ts',
    `export default { test: {
      include: ['**/*.scenario.ts', '**/*.test.ts'],
      reporters: ['default', '${join(import.meta.dirname, 'scenario-reporter.ts')}'],
    } }`,
  )
})

afterEach(() => {
  rmSync(project, { recursive: true })
})

// Each of these starts vitest itself, which takes some seconds when the machine is busy.
describe('a run', { timeout: 180_000 }, () => {
  it('in which everything holds says so on its last line and exits with 0', async () => {
    write('a.scenario.ts', `${head} it('holds', () => {})`)
    write('b.test.ts', `${head} it('adds', () => {}); it.skip('later', () => {})`)
    const { exitCode, output } = await runVitest()
    expect(lastLines(output, 2)).toEqual([
      expect.stringMatching(/^Report: reports\/out\/[\d-]+Z\/index\.html$/),
      '2 passed, 0 failed, 1 skipped',
    ])
    expect(exitCode).toBe(0)
    const { run, scenarios, units } = latest()
    expect(run.verdict).toBe('passed')
    expect(scenarios).toHaveLength(1)
    expect(units.map(({ title, verdict }) => [title, verdict])).toEqual([
      ['adds', 'passed'],
      ['later', 'skipped'],
    ])
    const files = readdirSync(join(project, 'reports/out/latest')).toSorted()
    expect(files).toEqual(['index.html', 'junit.xml', 'report.json', 'summary.md'])
  })

  it('gives each kind of end its verdict and keeps the evidence of a process that died', async () => {
    write(
      'ends.scenario.ts',
      `${head}
      beforeAll(({}, suite) => { using log = openScenarioLog(suite); log.setTopology(topology) })
      it('holds', () => {})
      it('does not hold', () => { expect({ hops: 1 }).toEqual({ hops: 2 }) })
      it('throws', () => { throw new Error('outer', { cause: new TypeError('inner') }) })
      it('could not see', () => { throw new UnknownVerdict('tcpdump did not start') })
      it('is left out', ({ skip }) => skip('no IPv6'))
      let tries = 0
      it('holds at last', { retry: 1 }, () => { tries += 1; expect(tries).toBe(2) })
      describe('set-up', () => {
        beforeAll(() => { throw new Error('the lab did not come up') })
        it('never began', () => {})
        it.skip('was not meant to', () => {})
      })`,
    )
    write(
      'dies.scenario.ts',
      `${head}
      it('dies', async ({ task }) => {
        const log = openScenarioLog(task)
        log.addLog({ node: 'kong-a', name: 'error.log', text: 'last words' })
        process.kill(process.pid, 'SIGKILL')
        await new Promise(() => {})
      })`,
    )
    write('broken.scenario.ts', `import './missing.ts'`)
    const { exitCode, output } = await runVitest()
    const { scenarios, faults, counts, topologies } = latest()
    const verdicts = scenarios
      .filter(({ file }) => file === 'ends.scenario.ts')
      .map(({ title, verdict, note }) => [title, verdict, note])
    expect(verdicts).toEqual([
      ['holds', 'passed', undefined],
      ['does not hold', 'failed', undefined],
      ['throws', 'failed', undefined],
      ['could not see', 'unknown', 'tcpdump did not start'],
      ['is left out', 'skipped', 'no IPv6'],
      ['holds at last', 'passed', undefined],
      ['never began', 'unknown', 'Its set-up failed: the lab did not come up'],
      ['was not meant to', 'skipped', undefined],
    ])
    const named = (title: string) => scenarios.find((scenario) => scenario.title === title)
    expect(named('does not hold')?.failures[0]).toEqual({
      message: expect.stringMatching(/AssertionError: .*- {3}"hops": 2,\n\+ {3}"hops": 1,/s),
      stack: expect.stringMatching(/^at .*\(ends\.scenario\.ts:\d+:\d+\)/),
    })
    expect(named('throws')?.failures[0]?.message).toBe('outer\nCaused by: TypeError: inner')
    expect(named('holds at last')).toMatchObject({ attempts: 2, failures: [{}] })
    expect(named('holds')?.topology).toBe('sidecars')
    expect(topologies).toEqual([{ name: 'sidecars', nodes: [], links: [] }])
    expect(named('dies')).toMatchObject({
      verdict: 'unknown',
      logs: [{ node: 'kong-a', text: 'last words' }],
    })
    expect(faults).toEqual([
      expect.stringContaining('SIGKILL'),
      expect.stringContaining("broken.scenario.ts: Cannot find module './missing.ts'"),
      expect.stringContaining('ends.scenario.ts > set-up: the lab did not come up'),
    ])
    expect(counts).toEqual({ passed: 2, failed: 2, unknown: 3, skipped: 2 })
    expect(lastLines(output, 3)).toEqual([
      'Counted as failed: 3 without a verdict (unknown) and 3 outside any test.',
      expect.stringMatching(/^Report: /),
      '2 passed, 8 failed, 2 skipped',
    ])
    expect(exitCode).toBe(1)
  })

  it('that is interrupted, even twice, reports what it knows', async () => {
    write(
      'slow.scenario.ts',
      `${head}
      it('never ends', async () => { console.log('BEGUN'); await new Promise(() => {}) }, 60_000)`,
    )
    const { exitCode, output } = await runVitest({ interruptAfter: 'BEGUN' })
    const { scenarios, faults } = latest()
    expect(scenarios).toMatchObject([{ title: 'never ends', verdict: 'unknown' }])
    expect(faults).toEqual(['The run ended before its tests did.'])
    expect(lastLines(output, 1)).toEqual(['0 passed, 2 failed, 0 skipped'])
    expect(exitCode).toBe(130)
  })

  it('in which no test runs fails', async () => {
    write('a.scenario.ts', `${head} it('holds', () => {})`)
    const filtered = await runVitest({ args: ['-t', 'no such title'] })
    expect(latest().faults).toEqual(['No test ran; 1 skipped.'])
    expect(filtered.exitCode).toBe(1)
    const none = await runVitest({ args: ['no-such-file'] })
    expect(latest().faults).toHaveLength(1)
    expect(lastLines(none.output, 1)).toEqual(['0 passed, 1 failed, 0 skipped'])
    expect(none.exitCode).toBe(1)
    expect(readdirSync(join(project, 'reports/out'))).toHaveLength(3)
  })
})

function write(path: string, content: string): void {
  mkdirSync(dirname(join(project, path)), { recursive: true })
  writeFileSync(join(project, path), content)
}

function latest(): RunRecord {
  const folder = join(project, 'reports/out/latest')
  expect(existsSync(join(folder, 'evidence'))).toBe(false)
  expect(readFileSync(join(folder, 'index.html'), 'utf8')).toContain('<h1>')
  return readRunRecord(join(folder, 'report.json'))
}

function lastLines(output: string, count: number): readonly string[] {
  return output.trimEnd().split('\n').slice(-count)
}

/** Runs vitest as a user would: in a process of its own, without what this run put into the environment. */
async function runVitest(
  options: { readonly args?: readonly string[]; readonly interruptAfter?: string } = {},
): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|MESHYARD|npm_)/.test(name)),
  )
  const vitest = join(repository, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', ...(options.args ?? [])], {
    cwd: project,
    env: { ...environment, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stderr.resume()
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    output += text
    const { interruptAfter } = options
    if (interruptAfter !== undefined && output.includes(interruptAfter)) {
      child.kill('SIGINT')
      setImmediate(() => child.kill('SIGINT'))
    }
  })
  const exitCode = await new Promise<number | null>((done, fail) => {
    child.once('error', fail)
    child.once('close', done)
  })
  return { exitCode, output }
}
