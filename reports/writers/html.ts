import { attachmentsOf } from './attachments.ts'
import { renderPage } from './html/page.ts'
import type { ReportWriter } from './writer.ts'

/** `index.html`: one page that needs no network and no server, with logs too long for it in `data/`. */
export const htmlWriter: ReportWriter = {
  render: (record) => [
    { path: 'index.html', content: renderPage(record) },
    ...attachmentsOf(record),
  ],
}
