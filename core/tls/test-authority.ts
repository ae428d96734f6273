import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import forge from 'node-forge'
import type { Identity } from '#core/model/identity.ts'
import type { MeshAuthority } from '#core/model/mesh.ts'

/** How a certificate differs from that of a proper member. */
export interface TestCertificate {
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly usage?: readonly ('serverAuth' | 'clientAuth')[]
}

/** Signs certificates for tests. */
export class TestAuthority {
  readonly certificate: string
  readonly protocol: string
  readonly #key = rsaKey()
  readonly #name: readonly forge.pki.CertificateField[]

  constructor(name: string) {
    this.#name = [{ shortName: 'CN', value: name }]
    this.protocol = `test/mesh/${createHash('sha256').update(this.#key.publicKey).digest('base64')}`
    const keyUsage = { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true }
    const extensions = [{ name: 'basicConstraints', critical: true, cA: true }, keyUsage]
    this.certificate = this.#sign(this.#name, this.#key.publicKey, extensions, {})
  }

  issue(name: string, terms: TestCertificate = {}): Identity {
    const { usage = ['serverAuth', 'clientAuth'] } = terms
    const uses = Object.fromEntries(usage.map((use) => [use, true]))
    const extensions = [
      { name: 'basicConstraints', critical: true, cA: false },
      { name: 'extKeyUsage', ...uses },
    ]
    const subject = [{ shortName: 'CN', value: name }]
    const certificate = this.#sign(subject, memberKey.publicKey, extensions, terms)
    return { certificate, privateKey: memberKey.privateKey }
  }

  /** What a member of this mesh holds. */
  member(name: string): MeshAuthority {
    const { protocol, certificate } = this
    return { protocol, certificate, identity: this.issue(name) }
  }

  /** What a member makes that takes itself for an authority; it is shown with the member's own certificate. */
  issueByMember(name: string): Identity {
    const own = this.issue('member')
    const certificate = forge.pki.createCertificate()
    certificate.publicKey = forge.pki.publicKeyFromPem(memberKey.publicKey)
    certificate.validity.notBefore = new Date(Date.now() - hourMs)
    certificate.validity.notAfter = new Date(Date.now() + hourMs)
    certificate.setSubject([{ shortName: 'CN', value: name }])
    certificate.setIssuer([{ shortName: 'CN', value: 'member' }])
    certificate.setExtensions([{ name: 'extKeyUsage', serverAuth: true, clientAuth: true }])
    certificate.sign(forge.pki.privateKeyFromPem(own.privateKey), forge.md.sha256.create())
    const chain = `${forge.pki.certificateToPem(certificate)}${own.certificate}`
    return { certificate: chain, privateKey: memberKey.privateKey }
  }

  #sign(
    subject: readonly forge.pki.CertificateField[],
    publicKey: string,
    extensions: readonly object[],
    { notBefore, notAfter }: TestCertificate,
  ): string {
    const certificate = forge.pki.createCertificate()
    certificate.publicKey = forge.pki.publicKeyFromPem(publicKey)
    certificate.serialNumber = `01${randomBytes(15).toString('hex')}`
    certificate.validity.notBefore = notBefore ?? new Date(Date.now() - hourMs)
    certificate.validity.notAfter = notAfter ?? new Date(Date.now() + hourMs)
    certificate.setSubject([...subject])
    certificate.setIssuer([...this.#name])
    certificate.setExtensions([...extensions])
    certificate.sign(forge.pki.privateKeyFromPem(this.#key.privateKey), forge.md.sha256.create())
    return forge.pki.certificateToPem(certificate)
  }
}

const hourMs = 3_600_000

function rsaKey(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

/** One key for all members: certificates are what tests are about, and keys are slow to make. */
const memberKey = rsaKey()
