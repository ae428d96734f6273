import { randomBytes } from 'node:crypto'
import { writeCertificate, type CertificateExtensions } from '#core/tls/write-certificate.ts'

export interface CertificateRequest {
  /** PEM, RSA, unencrypted: the key that the certificate is for. */
  readonly key: string
  readonly commonName: string
  /** Who signs it; undefined = it is an authority and signs itself. */
  readonly issuer: { readonly cert: string; readonly key: string } | undefined
  /** Unix time in ms. */
  readonly now: number
}

/** Kong 1.1's lifetime of authorities and of what they sign. */
const lifetimeMs = 20 * 365 * 24 * 3_600_000

/**
 * Makes an X.509 certificate of a cluster's authority or of one of its nodes, as PEM; its fields are those of Kong 1.1.
 * @throws Error when the issuer's certificate or a key is not RSA.
 */
export async function issueCertificate(request: CertificateRequest): Promise<string> {
  const { key, commonName, issuer, now } = request
  return writeCertificate({
    key,
    issuer,
    subject: [['CN', commonName]],
    serialNumber: randomBytes(16),
    notBefore: new Date(now),
    notAfter: new Date(now + lifetimeMs),
    extensions: {
      ...(issuer === undefined ? ofAuthority : ofNode),
      subjectKeyIdentifier: true,
      authorityKeyIdentifier: true,
    },
  })
}

const ofAuthority: CertificateExtensions = {
  basicConstraints: { critical: true, cA: true },
  keyUsage: { critical: true, keyCertSign: true, cRLSign: true },
}

const ofNode: CertificateExtensions = {
  basicConstraints: { critical: true, cA: false },
  extKeyUsage: { serverAuth: true, clientAuth: true },
}
