import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { Identity } from '#core/model/identity.ts'

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
  // Loading the certificate library costs more than many a node's whole start: only here.
  const [{ default: forge }, keys] = await Promise.all([
    import('node-forge'),
    promisify(generateKeyPair)('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }),
  ])
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey)
  certificate.serialNumber = positiveSerial()
  certificate.validity.notBefore = new Date(Date.now() - hourMs)
  certificate.validity.notAfter = new Date(Date.now() + yearMs)
  const name = [
    { shortName: 'C', value: subject.country },
    { shortName: 'ST', value: subject.state },
    { shortName: 'L', value: subject.locality },
    { shortName: 'O', value: subject.organization },
    { shortName: 'OU', value: subject.unit },
    { shortName: 'CN', value: subject.commonName },
  ]
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.sign(forge.pki.privateKeyFromPem(keys.privateKey), forge.md.sha256.create())
  return { certificate: forge.pki.certificateToPem(certificate), privateKey: keys.privateKey }
}

const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs

/** 15 random bytes behind a small one, so that the number is neither negative nor zero (RFC 5280, section 4.1.2.2). */
function positiveSerial(): string {
  return `01${randomBytes(15).toString('hex')}`
}
