import type { RunRecord } from '#reports/record/record.ts'

/** Turns a record into files; pure. */
export interface ReportWriter {
  render(record: RunRecord, options: RenderOptions): readonly ReportFile[]
}

export interface RenderOptions {
  /** The report's folder as seen from the project's root; what JUnit attachments are named by. */
  readonly folder: string
}

export interface ReportFile {
  /** Relative to the report's folder. */
  readonly path: string
  readonly content: string
}
