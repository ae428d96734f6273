import { describe, expect, it } from 'vitest'
import type { RunRecord, ScenarioRecord } from '#reports/record/record.ts'
import { sampleRecord } from '#reports/writers/sample-record.ts'
import { compareRuns } from './compare-runs.ts'
import { renderComparison } from './render-comparison.ts'

const sample = sampleRecord()

/** The sample with its first scenario changed. */
function changed(change: (scenario: ScenarioRecord) => Partial<ScenarioRecord>): RunRecord {
  const [first, ...rest] = sample.scenarios
  if (first === undefined) throw new Error('the sample has scenarios')
  return sampleRecord({ scenarios: [{ ...first, ...change(first) }, ...rest] })
}

function kindsOf(after: RunRecord, before: RunRecord = sample): readonly string[] {
  const [difference, ...others] = compareRuns(before, after).scenarios
  expect(others).toEqual([])
  return difference?.kinds ?? []
}

const command = (
  stdout: string,
  argv: readonly string[] = ['fetch', 'GET', 'http://10.2.0.5/'],
) => ({
  node: 'service-a',
  argv,
  exitCode: 0,
  stdout,
  stderr: '',
  durationMs: 3,
})

describe('two runs', () => {
  it('that show the same do not differ', () => {
    const { scenarios, compared } = compareRuns(sample, sampleRecord())
    expect(scenarios).toEqual([])
    expect(compared).toBe(sample.scenarios.length)
  })

  it('differ where a scenario fails now, or does not any more', () => {
    const failing = changed(() => ({
      verdict: 'failed',
      failures: [{ message: 'expected 200, not 503\n  and more', stack: undefined }],
    }))
    expect(kindsOf(failing)).toEqual(['failing'])
    expect(compareRuns(sample, failing).scenarios[0]?.after?.because).toBe('expected 200, not 503')
    expect(kindsOf(sample, failing)).toEqual(['fixed'])
    expect(kindsOf(changed(() => ({ verdict: 'unknown' })))).toEqual(['verdict'])
  })

  it('differ where one takes over a fifth longer, by more than comes and goes', () => {
    const taking = (durationMs: number): RunRecord => changed(() => ({ durationMs }))
    expect(kindsOf(taking(1_250), taking(1_000))).toEqual(['slower'])
    expect(kindsOf(taking(1_150), taking(1_000))).toEqual([])
    expect(kindsOf(taking(90), taking(10))).toEqual([])
    expect(kindsOf(taking(500), taking(1_000))).toEqual([])
  })

  it('differ where a connection is protected otherwise, not by the port it comes from', () => {
    const withHop = (change: object): RunRecord =>
      changed(({ hops }) => ({
        hops: hops.map((hop, at) => (at === 0 ? { ...hop, ...change } : hop)),
      }))
    expect(kindsOf(withHop({ payload: 'tls' }))).toEqual(['hops'])
    expect(kindsOf(withHop({ outcome: 'refused' }))).toEqual(['hops'])
    const elsewhere = withHop({
      source: '10.1.0.2:1',
      at: '2026-11-21T00:00:00Z',
      bytesToClient: 1,
    })
    expect(kindsOf(elsewhere)).toEqual([])
  })

  it('do not differ by how their proxies ask for what they are to do', () => {
    const asking = changed(({ hops }) => {
      const [hop] = hops
      return { hops: [...hops, ...(hop ? [{ ...hop, from: 'kong-a', to: 'control-plane' }] : [])] }
    })
    expect(kindsOf(asking)).toEqual([])
  })

  it('differ where an answer does, but for what no answer repeats', () => {
    const answered = (text: string): RunRecord => changed(() => ({ commands: [command(text)] }))
    const first = answered('HTTP 200\nvia: kong/1.1.3\ndate: Sat, 21 Nov 2026 11:46:50 GMT\n\nhi')
    const again = answered('HTTP 200\nvia: kong/1.1.3\ndate: Sat, 21 Nov 2026 11:46:51 GMT\n\nhi')
    const other = answered('HTTP 200\ndate: Sat, 21 Nov 2026 11:46:50 GMT\n\nhi')
    expect(kindsOf(again, first)).toEqual([])
    expect(kindsOf(other, first)).toEqual(['answers'])
    expect(compareRuns(first, other).scenarios[0]?.lines).toEqual([
      '  service-a: fetch GET http://10.2.0.5/',
      '- via: kong/1.1.3',
    ])
  })

  it('differ where one alone has a scenario', () => {
    const fewer = sampleRecord({ scenarios: sample.scenarios.slice(1) })
    expect(kindsOf(fewer)).toEqual(['missing'])
    expect(kindsOf(sample, fewer)).toEqual(['new'])
  })

  it('stand side by side for people', () => {
    const comparison = compareRuns(
      sample,
      changed(() => ({
        verdict: 'failed',
        failures: [{ message: 'it did not', stack: undefined }],
      })),
      { labels: ['core', 'image:kong:1.1.3'] },
    )
    const text = renderComparison(comparison, process.stdout)
    expect(text).toMatch(/^A {2}core {2}/)
    expect(text).toMatch(/^B {2}image:kong:1\.1\.3 {2}/m)
    expect(text).toMatch(/newly failing.*: .+\n {2}A passed, .+ {2}B failed, .+\n {4}it did not\n/)
    expect(text).toContain('scenarios compared: 1 newly failing.')
  })
})
