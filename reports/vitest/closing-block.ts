import { join } from 'node:path'
import type { RunRecord } from '#reports/record/record.ts'
import { countAgainst } from '#reports/record/verdict.ts'

/** What a run prints last: why it failed, where the report is, and alone on the last line the number of tests. */
export function renderClosingBlock(record: RunRecord, folder: string): string {
  const { counts, faults } = record
  const lines = [
    '',
    ...faults.map((fault) => `Fault outside any test: ${firstLine(fault)}`),
    ...record.scenarios
      .filter((scenario) => scenario.verdict === 'unknown')
      .map((scenario) => `Unknown: ${scenario.id}${because(scenario.note)}`),
    ...explainFailed(counts.unknown, faults.length),
    `Report: ${join(folder, 'index.html')}`,
    `${counts.passed} passed, ${countAgainst(record)} failed, ${counts.skipped} skipped`,
  ]
  return `${lines.join('\n')}\n`
}

function explainFailed(unknown: number, faults: number): readonly string[] {
  const parts = [
    ...(unknown > 0 ? [`${unknown} without a verdict (unknown)`] : []),
    ...(faults > 0 ? [`${faults} outside any test`] : []),
  ]
  return parts.length === 0 ? [] : [`Counted as failed: ${parts.join(' and ')}.`]
}

function because(note: string | undefined): string {
  return note === undefined ? '' : `: ${firstLine(note)}`
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
