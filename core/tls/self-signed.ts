import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { Identity } from '#core/model/identity.ts'
import { writeCertificate } from './write-certificate.ts'

export interface SelfSignedSubject {
  readonly country: string
  readonly state: string
  readonly locality: string
  readonly organization: string
  readonly unit: string
  readonly commonName: string
}

/** The subject of Kong 1.1's default certificate. */
export const kongSubject: SelfSignedSubject = {
  country: 'US',
  state: 'California',
  locality: 'San Francisco',
  organization: 'Kong',
  unit: 'IT Department',
  commonName: 'localhost',
}

/**
 * Makes an RSA 2048 key and a certificate for it that is valid for a year from an hour ago. The key is made off the main
 * thread and takes up to 300 ms.
 */
export async function selfSigned(subject: SelfSignedSubject): Promise<Identity> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const certificate = await writeCertificate({
    key: privateKey,
    issuer: undefined,
    subject: [
      ['C', subject.country],
      ['ST', subject.state],
      ['L', subject.locality],
      ['O', subject.organization],
      ['OU', subject.unit],
      ['CN', subject.commonName],
    ],
    // The first octet keeps it from being zero (RFC 5280, section 4.1.2.2).
    serialNumber: Uint8Array.of(1, ...randomBytes(15)),
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + yearMs),
    extensions: {},
  })
  return { certificate, privateKey }
}

const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs
