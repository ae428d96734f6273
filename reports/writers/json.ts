import { renderRunRecord } from '#reports/record/writer.ts'
import type { ReportWriter } from './writer.ts'

/** `report.json`: the record itself, from which every other format can be made again. */
export const jsonWriter: ReportWriter = {
  render: (record) => [{ path: 'report.json', content: renderRunRecord(record) }],
}
