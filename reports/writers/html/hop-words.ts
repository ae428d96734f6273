import { securityOf } from '#reports/record/hop-security.ts'
import type { CertificateRecord, HopRecord, TlsRecord } from '#reports/record/record.ts'

/** Who is at either end, by name where it is known and by address otherwise. */
export function endsOf(hop: HopRecord): readonly [string, string] {
  return [hop.from ?? hop.source, hop.to ?? hop.destination]
}

/** Whether the connection came about and was not cut off. */
export function arrived({ outcome }: HopRecord): boolean {
  return outcome === 'closed' || outcome === 'open'
}

/** In a few words: `mutual TLS 1.3 for service-b.test`. */
export function explainPayload(hop: Pick<HopRecord, 'payload' | 'serverName' | 'tls'>): string {
  const { payload, serverName, tls } = hop
  if (payload === 'plaintext') return 'plaintext'
  if (payload === 'none') return 'no payload'
  const mutual = securityOf(hop) === 'mutual-tls' ? 'mutual ' : ''
  const words = `${mutual}${tls?.version ?? 'TLS'}`
  return serverName === undefined ? words : `${words} for ${serverName}`
}

/** What the packets told of a TLS connection besides, a line each; empty for other connections. */
export function explainTls({ tls }: Pick<HopRecord, 'tls'>): readonly string[] {
  if (tls === undefined) return []
  if (tls.version === undefined) return [`not agreed on${endedBy(tls)}`]
  const lines = [
    tls.cipher ?? 'an unknown cipher',
    `${tls.established === false ? 'the handshake failed' : tls.resumed ? 'a session was resumed' : ''}${endedBy(tls)}`,
  ]
  if (!tls.readable)
    return [...said(lines), 'ALPN and certificates are unknown: no key log has its secrets']
  return [
    ...said(lines),
    `ALPN ${tls.alpn ?? 'not agreed on'}`,
    `client: ${explainCertificate(tls.clientCertificate)}`,
    `server: ${explainCertificate(tls.serverCertificate)}`,
  ]
}

function endedBy({ alert }: TlsRecord): string {
  return alert === undefined ? '' : ` (${alert})`
}

function explainCertificate(certificate: CertificateRecord | undefined): string {
  if (certificate === undefined) return 'no certificate'
  const { subject, issuer, fingerprint, proven } = certificate
  const signer = issuer === subject ? 'self-signed' : `by ${issuer}`
  const doubt = proven ? '' : ', without proof of its key'
  return `${subject} (${signer}, SHA-256 ${fingerprint.slice(0, 23)}…${doubt})`
}

function said(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.trim() !== '').map((line) => line.trim())
}

export function explainOutcome({ outcome }: HopRecord): string {
  switch (outcome) {
    case 'closed':
      return 'closed'
    case 'open':
      return 'still open'
    case 'reset':
      return 'cut off by RST'
    case 'refused':
      return 'refused by RST'
    case 'unanswered':
      return 'unanswered'
  }
}
