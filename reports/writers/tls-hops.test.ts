import { describe, expect, it } from 'vitest'
import { securityOf } from '#reports/record/hop-security.ts'
import { parseRunRecord } from '#reports/record/reader.ts'
import type { RunRecord } from '#reports/record/record.ts'
import { explainPayload, explainTls } from './html/hop-words.ts'
import { sampleRecord, tlsScenario } from './sample-record.ts'
import { writers, type ReportFormat } from './write-reports.ts'

const scenario = tlsScenario()
const record = sampleRecord({ scenarios: [scenario] })
const [mutual, ordinary, unread] = scenario.hops

function render(format: ReportFormat, path: string, of: RunRecord = record): string {
  const files = writers[format].render(of, { folder: 'reports/out/run' })
  return files.find((file) => file.path === path)?.content ?? ''
}

describe('a hop in TLS', () => {
  it('reads back from report.json as it was written', () => {
    expect(parseRunRecord(render('json', 'report.json'), 'report.json')).toEqual(record)
  })

  it('is read back as unknown from reports that did not say', () => {
    const old = JSON.parse(render('json', 'report.json'))
    delete old.scenarios[0].captures
    for (const hop of old.scenarios[0].hops) delete hop.tls
    const [read] = parseRunRecord(JSON.stringify(old), 'old.json').scenarios
    expect(read?.captures).toEqual([])
    expect(read?.hops.map(securityOf)).toEqual(['unknown-tls', 'unknown-tls', 'unknown-tls'])
  })

  it('is mutual only when both sides proved who they are and the handshake came to its end', () => {
    expect(scenario.hops.map(securityOf)).toEqual(['mutual-tls', 'tls', 'unknown-tls'])
    const tls = mutual?.tls
    if (tls?.clientCertificate === undefined) throw new Error('the sample is mutual')
    const unproven = { ...tls, clientCertificate: { ...tls.clientCertificate, proven: false } }
    for (const doubtful of [
      unproven,
      { ...tls, established: false },
      { ...tls, serverCertificate: undefined },
    ]) {
      expect(securityOf({ payload: 'tls', tls: doubtful })).toBe('tls')
    }
    expect(securityOf({ payload: 'plaintext', tls })).toBe('plaintext')
  })

  it('is told in words with cipher, protocol and certificates, or that they are unknown', () => {
    expect(mutual && explainPayload(mutual)).toBe('mutual TLS 1.3')
    expect(mutual && explainTls(mutual)).toEqual([
      'TLS_AES_256_GCM_SHA384',
      'ALPN mesh/1',
      'client: CN=kong-node-a (by CN=kong-cluster-1, SHA-256 AB:AB:AB:AB:AB:AB:AB:AB…)',
      'server: CN=kong-node-b (by CN=kong-cluster-1, SHA-256 AB:AB:AB:AB:AB:AB:AB:AB…)',
    ])
    expect(ordinary && explainTls(ordinary)).toContain('client: no certificate')
    expect(unread && explainTls(unread).join()).toContain('certificates are unknown')
  })

  it('stands in the page with its packets and the file that has them', () => {
    const page = render('html', 'index.html')
    expect(page).toContain('kong-a to kong-b on mesh: mutual TLS 1.3')
    expect(page).toContain('client: CN=kong-node-a')
    expect(page).toContain('7–31')
    expect(page).toContain('href="captures/kong-tls-on-sidecars.pcapng"')
  })

  it('stands in the summary of a scenario that failed', () => {
    const summary = render('markdown', 'summary.md')
    expect(summary).toMatch(/kong\\-a → service\\-b on mesh: mutual TLS 1\\\.3, .*packets 7–31/)
  })
})
