import { X509Certificate } from 'node:crypto'
import { ByteReader } from '#lab/probes/byte-reader.ts'

export interface CertificateSummary {
  /** Distinguished name on one line, `CN=a, O=b`; empty: it has none. */
  readonly subject: string
  readonly issuer: string
  /** SHA-256 in hexadecimal with colons. */
  readonly fingerprint: string
  readonly validFrom: string
  readonly validTo: string
}

/**
 * The certificates of a Certificate message, the sender's own first; empty when it has none.
 * @throws {EndOfBytes} When the message is damaged.
 */
export function parseCertificates(body: Uint8Array, tls13: boolean): Uint8Array[] {
  const message = new ByteReader(body)
  if (tls13) message.vector(1) // request context
  const list = message.vector(3)
  const found: Uint8Array[] = []
  while (list.remaining > 0) {
    found.push(list.vector(3).rest())
    if (tls13) list.vector(2) // extensions
  }
  return found
}

export function summarizeCertificate(der: Uint8Array): CertificateSummary {
  try {
    const { subject, issuer, fingerprint256, validFrom, validTo } = new X509Certificate(der)
    return {
      subject: oneLine(subject),
      issuer: oneLine(issuer),
      fingerprint: fingerprint256,
      validFrom,
      validTo,
    }
  } catch {
    const unreadable = 'unreadable'
    return { subject: unreadable, issuer: '', fingerprint: '', validFrom: '', validTo: '' }
  }
}

function oneLine(name: string | undefined): string {
  return (name ?? '').trim().replaceAll('\n', ', ')
}
