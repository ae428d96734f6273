import { describe, expect, it } from 'vitest'
import type { ScenarioRecord } from '#reports/record/record.ts'
import { sampleScenario } from '#reports/writers/sample-record.ts'
import { compileMatrix } from './matrix.ts'

function on(topology: string | undefined, suite: readonly string[], title: string): ScenarioRecord {
  return sampleScenario({ topology, suite, title })
}

describe('compileMatrix', () => {
  it('puts a claim made on two topologies into one row', () => {
    const rows = compileMatrix([
      on('sidecars', ['on sidecars', 'step 9'], 'TCP arrives'),
      on('tutorial', ['on tutorial', 'step 9'], 'TCP arrives'),
      on('sidecars', ['step 2'], 'TCP arrives (sidecars)'),
      on('tutorial', ['step 2'], 'TCP arrives (tutorial)'),
    ])
    expect(rows.map(({ label, cells }) => [label, [...cells.keys()]])).toEqual([
      ['step 9 › TCP arrives', ['sidecars', 'tutorial']],
      ['step 2 › TCP arrives', ['sidecars', 'tutorial']],
    ])
  })

  it('keeps claims apart that only resemble each other', () => {
    const rows = compileMatrix([
      on('side', ['x'], 'a sidecar is asked'),
      on('side', ['x'], 'a car is asked'),
      on(undefined, ['x'], 'a car is asked'),
      on('side', ['docs/side.md'], 'beside the side'),
      on('side', ['side'], 'side'),
    ])
    expect(rows.map(({ label }) => label)).toEqual([
      'x › a sidecar is asked',
      'x › a car is asked',
      'docs/side.md › beside the side',
      'side › side',
    ])
    expect([...(rows[1]?.cells.keys() ?? [])]).toEqual(['side', ''])
  })
})
