import { join } from 'node:path'
import type { RunRecord } from '#reports/record/record.ts'
import { writeWholeFile } from '#reports/record/writer.ts'
import { htmlWriter } from './html.ts'
import { jsonWriter } from './json.ts'
import { junitWriter } from './junit.ts'
import { markdownWriter } from './markdown.ts'
import type { RenderOptions, ReportWriter } from './writer.ts'

/** Every format by its name, the record first: should another fail, it can be made again from `report.json`. */
export const writers = {
  json: jsonWriter,
  junit: junitWriter,
  markdown: markdownWriter,
  html: htmlWriter,
} as const satisfies Readonly<Record<string, ReportWriter>>

export type ReportFormat = keyof typeof writers

/** Writes the files of a format, or of every format, into a folder; each file whole or not at all. */
export function writeReports(
  folder: string,
  record: RunRecord,
  options: RenderOptions & { readonly format?: ReportFormat | undefined },
): void {
  const { format } = options
  for (const writer of format === undefined ? Object.values(writers) : [writers[format]]) {
    for (const { path, content } of writer.render(record, options)) {
      writeWholeFile(join(folder, path), content)
    }
  }
}
