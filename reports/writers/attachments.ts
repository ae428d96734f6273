import { createHash } from 'node:crypto'
import type { RunRecord, ScenarioRecord } from '#reports/record/record.ts'
import type { ReportFile } from './writer.ts'

/** Where a text lies in the report's folder; equal texts share one file. */
export function attachmentPath(text: string): string {
  return `data/${createHash('sha256').update(text).digest('hex').slice(0, 20)}.txt`
}

/** Logs worth a file of their own: those of scenarios that did not pass, and those too long for the page. */
export function attachmentsOf(record: RunRecord): readonly ReportFile[] {
  const limit = inlineLimit(record)
  const texts = record.scenarios.flatMap((scenario) =>
    scenario.logs
      .filter((log) => attachesLogs(scenario) || log.text.length > limit)
      .map((log) => log.text),
  )
  return Array.from(new Set(texts), (text) => ({ path: attachmentPath(text), content: text }))
}

export function attachesLogs(scenario: ScenarioRecord): boolean {
  return scenario.verdict === 'failed' || scenario.verdict === 'unknown'
}

/** Characters of one text the page shows. They shrink as a run has more of them, so that the page stays near 8 MB. */
export function inlineLimit(record: RunRecord): number {
  const texts = record.scenarios.reduce(
    (total, { logs, commands }) => total + logs.length + commands.length * 2,
    0,
  )
  return Math.min(48 * 1024, Math.max(2 * 1024, Math.floor((6 * 1024 * 1024) / Math.max(texts, 1))))
}
