import { XMLValidator } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { parseRunRecord } from '#reports/record/reader.ts'
import type { LedgerRecord } from '#reports/record/record.ts'
import { ledgerSection } from './html/ledger.ts'
import { sampleLedger, sampleRecord, sampleScenario } from './sample-record.ts'
import { writers, type ReportFormat } from './write-reports.ts'

function write(format: ReportFormat, ledger: LedgerRecord | undefined): string {
  const scenario = sampleScenario({
    ledger,
    verdict: ledger?.verdict === 'unbalanced' ? 'failed' : 'passed',
  })
  const [file] = writers[format].render(sampleRecord({ scenarios: [scenario] }), { folder: 'out' })
  return file?.content ?? ''
}

describe('the books of a scenario', () => {
  it('are a table by request, each place of its way with what proves it', () => {
    const page = write('html', sampleLedger())
    expect(page).toContain('The books balance: 1 request, each seen at every place as often as')
    const table = /<section class="ledger">.*?<\/section>/s.exec(page)?.[0] ?? ''
    const rows = Array.from(table.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs), ([, row = '']) =>
      Array.from(row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gs), ([, cell = '']) =>
        cell.replaceAll(/<[^>]+>/g, '').trim(),
      ),
    )
    expect(rows).toEqual([
      ['request', 'seen', 'proven by', 'times', 'as due'],
      ['canary-one', 'sent', 'command 1, curl on service-a', '1', ''],
      ['service-a to kong-a', 'packets: packet 4 on a', '1', 'yes'],
      ['the log of kong-a', 'log: line 1 of access.log of kong-a', '1', 'yes'],
      ['kong-a to kong-b', 'packets: packet 9 on mesh', '1', 'yes'],
      ['the log of kong-b', 'log: line 1 of access.log of kong-b', '1', 'yes'],
    ])
    // What is folded away is not hidden from who cannot see it, and each header says what it is for.
    expect(table).toMatch(/<th scope="rowgroup" rowspan="5">/)
    expect(table.match(/<th scope="col">/g)).toHaveLength(5)
    expect(table).not.toContain('open="open"')
  })

  it('open where they do not balance, and mark the place without colour alone', () => {
    const page = write('html', sampleLedger('unbalanced'))
    expect(page).toContain(
      'The books do not balance: over 2 requests they contradict each other once.',
    )
    expect(page).toContain('<li>canary-two: the log of kong-b has it 0 times instead of 1</li>')
    expect(page).toMatch(/<details class="table" open="open">\s*<summary>2 requests<\/summary>/)
    const bad = Array.from(page.matchAll(/<tr class="bad">(.*?)<\/tr>/gs), ([, row]) => row)
    expect(bad).toHaveLength(1)
    expect(bad[0]).toMatch(/the log of kong-b.*<td>0<\/td>\s*<td>no<\/td>/s)
  })

  it('are no trouble where a scenario claims that a difference is found', () => {
    const claim = { ledger: sampleLedger('unbalanced'), id: 's', verdict: 'passed' } as const
    const { text } = ledgerSection(claim) ?? { text: '' }
    expect(text).toContain('contradict each other once. That is what this scenario claims.')
    expect(text).not.toContain('open="open"')
  })

  it('are nowhere where a scenario claims nothing of them', () => {
    expect(write('html', undefined)).not.toContain('class="ledger"')
  })

  it('say of very many requests how many are shown', () => {
    const ledger = { ...sampleLedger(), total: 250 }
    expect(write('html', ledger)).toContain(
      '250 requests, each seen at every place as often as it was due there. 1 of them are shown.',
    )
  })

  it('keep markup in ids and places as text', () => {
    const hostile = '</td><script>alert(1)</script>"&'
    const { requests } = sampleLedger()
    const ledger: LedgerRecord = {
      verdict: 'unbalanced',
      total: 1,
      imbalances: [hostile],
      requests: requests.map((request) => ({
        id: hostile,
        sent: hostile,
        entries: request.entries.map((entry) => ({ ...entry, book: hostile, where: [hostile] })),
      })),
    }
    const text = ledgerSection({ ledger, id: hostile, verdict: 'failed' })?.text ?? ''
    expect(text).not.toContain('<script')
    expect(XMLValidator.validate(text)).toBe(true)
  })

  it('stand in report.json, and in what CI servers are told of a scenario that failed', () => {
    const ledger = sampleLedger('unbalanced')
    const { scenarios } = parseRunRecord(write('json', ledger), 'report.json')
    expect(scenarios[0]?.ledger).toEqual(ledger)
    const sentence = 'canary-two: the log of kong-b has it 0 times instead of 1'
    expect(write('junit', ledger)).toContain(
      `The books do not balance: over 2 requests they contradict each other once.\n  ${sentence}`,
    )
    expect(write('markdown', ledger)).toContain('The books do not balance: over 2 requests')
    // Reports of before there were any have none.
    const older = write('json', undefined)
    expect(older).not.toContain('"ledger"')
    expect(parseRunRecord(older, 'report.json').scenarios[0]?.ledger).toBeUndefined()
  })
})
