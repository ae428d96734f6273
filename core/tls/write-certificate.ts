import { createHash, createPrivateKey, createPublicKey, sign, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { der, derTag, derTime, objectIdentifier, parseDer, positiveInteger } from './der.ts'

export interface CertificateDraft {
  /** PEM, RSA, unencrypted: the key that the certificate is for. */
  readonly key: string
  /** Undefined = it signs itself. */
  readonly issuer: { readonly cert: string; readonly key: string } | undefined
  readonly subject: DistinguishedName
  /** Big-endian, positive. */
  readonly serialNumber: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  readonly extensions: CertificateExtensions
}

/** In this order; each name is one of `C`, `ST`, `L`, `O`, `OU` and `CN`. */
export type DistinguishedName = readonly (readonly [keyof typeof nameTypes, string])[]

/** They stand in the certificate in this order (RFC 5280, section 4.2.1); none by default. */
export interface CertificateExtensions {
  readonly basicConstraints?: { readonly critical: boolean; readonly cA: boolean }
  readonly keyUsage?: {
    readonly critical: boolean
    readonly keyCertSign: boolean
    readonly cRLSign: boolean
  }
  readonly extKeyUsage?: { readonly serverAuth: boolean; readonly clientAuth: boolean }
  /** The hash of the key. */
  readonly subjectKeyIdentifier?: boolean
  /** The hash of the issuer's key. */
  readonly authorityKeyIdentifier?: boolean
}

/**
 * Writes an X.509 version 3 certificate, signed with RSA and SHA-256 off the main thread, as PEM.
 * @throws Error when a key or the issuer's certificate is not RSA, or cannot be read.
 */
export async function writeCertificate(draft: CertificateDraft): Promise<string> {
  const { key, issuer, serialNumber, notBefore, notAfter, extensions } = draft
  const publicKey = createPublicKey(key)
  const issuerCertificate = issuer === undefined ? undefined : new X509Certificate(issuer.cert)
  const signingKey = createPrivateKey(issuer?.key ?? key)
  for (const each of [publicKey, issuerCertificate?.publicKey ?? publicKey, signingKey])
    refuseOther(each)
  const subject = renderName(draft.subject)
  const rendered = renderExtensions(extensions, {
    subject: publicKey,
    issuer: issuerCertificate?.publicKey ?? publicKey,
  })
  const content = der(
    derTag.sequence,
    der(explicit(0), der(derTag.integer, Buffer.of(version3))),
    der(derTag.integer, positiveInteger(serialNumber)),
    sha256WithRsa,
    issuerCertificate === undefined ? subject : subjectOf(issuerCertificate),
    der(derTag.sequence, derTime(notBefore), derTime(notAfter)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(rendered.length === 0 ? [] : [der(explicit(3), der(derTag.sequence, ...rendered))]),
  )
  const signature = await promisify(sign)('sha256', content, signingKey)
  return renderPem(der(derTag.sequence, content, sha256WithRsa, bits(signature)))
}

function refuseOther({ asymmetricKeyType }: KeyObject): void {
  if (asymmetricKeyType !== 'rsa') {
    throw new TypeError(
      `Cannot write a certificate for or by a key of type ${asymmetricKeyType}: it is not RSA`,
    )
  }
}

function renderName(name: DistinguishedName): Buffer {
  return der(
    derTag.sequence,
    ...name.map(([type, value]) => {
      const tag = /^[A-Za-z0-9 '()+,./:=?-]*$/.test(value)
        ? derTag.printableString
        : derTag.utf8String
      const attribute = der(
        derTag.sequence,
        objectIdentifier(nameTypes[type]),
        der(tag, Buffer.from(value)),
      )
      return der(derTag.set, attribute)
    }),
  )
}

/** As it stands in the certificate, octet by octet. */
function subjectOf({ raw }: X509Certificate): Buffer {
  const [certificate] = parseDer(raw)
  const [content] = parseDer(certificate?.content ?? Buffer.of())
  // The version is left out of certificates of version 1.
  const fields = parseDer(content?.content ?? Buffer.of()).filter(({ tag }) => tag !== explicit(0))
  const subject = fields[4]
  if (subject === undefined) throw new RangeError("The issuer's certificate has no subject")
  return subject.encoded
}

function renderExtensions(
  wanted: CertificateExtensions,
  keys: { readonly subject: KeyObject; readonly issuer: KeyObject },
): readonly Buffer[] {
  const { basicConstraints, keyUsage, extKeyUsage } = wanted
  const rendered: Buffer[] = []
  if (basicConstraints !== undefined) {
    const { critical, cA } = basicConstraints
    const value = der(derTag.sequence, ...(cA ? [isTrue] : []))
    rendered.push(extension('2.5.29.19', value, { critical }))
  }
  if (keyUsage !== undefined) {
    const { critical, keyCertSign, cRLSign } = keyUsage
    const usage = (keyCertSign ? 0x04 : 0) | (cRLSign ? 0x02 : 0)
    // The bits that are left out are the last one, and those after them.
    const unused = cRLSign ? 1 : 2
    const value = der(derTag.bitString, Buffer.of(unused, usage))
    rendered.push(extension('2.5.29.15', value, { critical }))
  }
  if (extKeyUsage !== undefined) {
    const { serverAuth, clientAuth } = extKeyUsage
    const value = der(
      derTag.sequence,
      ...(serverAuth ? [objectIdentifier('1.3.6.1.5.5.7.3.1')] : []),
      ...(clientAuth ? [objectIdentifier('1.3.6.1.5.5.7.3.2')] : []),
    )
    rendered.push(extension('2.5.29.37', value))
  }
  if (wanted.subjectKeyIdentifier === true) {
    rendered.push(extension('2.5.29.14', der(derTag.octetString, keyIdentifier(keys.subject))))
  }
  if (wanted.authorityKeyIdentifier === true) {
    const value = der(derTag.sequence, der(implicit(0), keyIdentifier(keys.issuer)))
    rendered.push(extension('2.5.29.35', value))
  }
  return rendered
}

function extension(
  type: string,
  value: Buffer,
  { critical = false }: { readonly critical?: boolean } = {},
): Buffer {
  return der(
    derTag.sequence,
    objectIdentifier(type),
    ...(critical ? [isTrue] : []),
    der(derTag.octetString, value),
  )
}

/** SHA-1 of the key without its algorithm (RFC 5280, section 4.2.1.2, method 1). */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'pkcs1', format: 'der' }))
    .digest()
}

function bits(octets: Uint8Array): Buffer {
  return der(derTag.bitString, Buffer.of(0), octets)
}

function renderPem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function explicit(number: number): number {
  return 0xa0 | number
}

function implicit(number: number): number {
  return 0x80 | number
}

const version3 = 2
const isTrue = der(derTag.boolean, Buffer.of(0xff))
const sha256WithRsa = der(
  derTag.sequence,
  objectIdentifier('1.2.840.113549.1.1.11'),
  der(derTag.null),
)
const nameTypes = {
  C: '2.5.4.6',
  ST: '2.5.4.8',
  L: '2.5.4.7',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  CN: '2.5.4.3',
} as const
