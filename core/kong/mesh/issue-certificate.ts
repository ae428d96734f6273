import { createPublicKey, privateEncrypt, randomBytes, constants } from 'node:crypto'
import type { pki, md } from 'node-forge'

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
  // Loading the certificate library costs more than many a node's whole start: only here.
  const { default: forge } = await import('node-forge')
  const { key, commonName, issuer, now } = request
  const certificate = forge.pki.createCertificate()
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' })
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey)
  certificate.serialNumber = renderSerial(randomBytes(16))
  certificate.validity.notBefore = new Date(now)
  certificate.validity.notAfter = new Date(now + lifetimeMs)
  certificate.setSubject([{ shortName: 'CN', value: commonName }])
  const signer = issuer === undefined ? certificate : forge.pki.certificateFromPem(issuer.cert)
  certificate.setIssuer(signer.subject.attributes)
  certificate.setExtensions([
    ...(issuer === undefined ? ofAuthority : ofNode),
    { name: 'subjectKeyIdentifier' },
    {
      name: 'authorityKeyIdentifier',
      keyIdentifier: subjectKeyIdentifier(signer),
    },
  ])
  certificate.sign(nativeKey(issuer?.key ?? key), forge.md.sha256.create())
  return forge.pki.certificateToPem(certificate).replaceAll('\r', '')
}

const ofAuthority = [
  { name: 'basicConstraints', critical: true, cA: true },
  { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
]

const ofNode = [
  { name: 'basicConstraints', critical: true, cA: false },
  { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
]

/** Hexadecimal content of a DER INTEGER that is positive and as short as it can be (RFC 5280, section 4.1.2.2). */
export function renderSerial(bytes: Uint8Array): string {
  const digits = BigInt(`0x${Buffer.from(bytes).toString('hex')}`).toString(16)
  const even = digits.length % 2 === 0 ? digits : `0${digits}`
  return /^[89a-f]/.test(even) ? `00${even}` : even
}

/** The typings of the library do not know this method. */
function subjectKeyIdentifier(certificate: pki.Certificate): string {
  // oxlint-disable-next-line no-unsafe-type-assertion -- every certificate of the library has it
  const known = certificate as pki.Certificate & {
    generateSubjectKeyIdentifier(): { getBytes(): string }
  }
  return known.generateSubjectKeyIdentifier().getBytes()
}

/** DER that stands before a SHA-256 digest in a signature (RFC 8017, section 9.2). */
const sha256Info = Buffer.from('3031300d060960864801650304020105000420', 'hex')

/** Signs in OpenSSL: the library's own arithmetic would hold up the node for 40 ms. */
function nativeKey(key: string): pki.rsa.PrivateKey {
  const signer = {
    sign: (digest: md.MessageDigest): string =>
      privateEncrypt(
        { key, padding: constants.RSA_PKCS1_PADDING },
        Buffer.concat([sha256Info, Buffer.from(digest.digest().getBytes(), 'latin1')]),
      ).toString('latin1'),
  }
  // oxlint-disable-next-line no-unsafe-type-assertion -- nothing else is asked of it
  return signer as unknown as pki.rsa.PrivateKey
}
