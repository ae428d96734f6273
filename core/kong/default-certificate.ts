import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MeshError, messageOf } from '#core/base/errors.ts'
import type { Identity } from '#core/model/identity.ts'
import type { CertificateFiles, KongConfig } from './config/kong-config.ts'
import { prefixPaths, replaceFile } from './prefix.ts'

/** The certificate that a node presents when no other fits. */
export interface DefaultCertificate {
  readonly identity: Identity | Promise<Identity>
  /**
   * Begins to make the certificate, if one has to be made. Up to 300 ms of a core go into that, so it is not begun
   * before the node is ready.
   */
  begin(): void
}

/**
 * Reads the certificate that the user named.
 * @throws MeshError `bad-certificate`.
 */
export async function readCertificate(files: CertificateFiles): Promise<DefaultCertificate> {
  const { X509Certificate, createPrivateKey } = await import('node:crypto')
  const identity = readPair(files)
  try {
    const key = createPrivateKey(identity.privateKey)
    if (!new X509Certificate(identity.certificate).checkPrivateKey(key)) {
      throw new TypeError('the key belongs to another certificate')
    }
  } catch (error) {
    const reason = messageOf(error)
    throw new MeshError(
      'bad-certificate',
      `cannot use the certificate ${files.certificate} with the key ${files.privateKey}: ${reason}`,
      { cause: error },
    )
  }
  return { identity, begin: () => {} }
}

/**
 * The self-signed certificate of a prefix (Kong 1.1, "ssl_cert"): the one that is there if it is whole and has not
 * expired, otherwise a new one, which is written to `ssl/NAME.crt` and `ssl/NAME.key`.
 */
export function makeCertificate(prefix: string, name: CertificateName): DefaultCertificate {
  const files = certificateFiles(prefix, name)
  const begun = Promise.withResolvers<void>()
  const identity = begun.promise.then(async () => {
    const existing = await readValid(files)
    if (existing) return existing
    const { kongSubject, selfSigned } = await import('#core/tls/self-signed.ts')
    const made = await selfSigned(kongSubject)
    writePair(files, made)
    return made
  })
  // Whoever awaits it sees the fault; before that it is nobody's.
  identity.catch(() => {})
  return { identity, begin: begun.resolve }
}

/** Of the proxy's listeners, and of the Admin API's. */
export type CertificateName = 'kong-default' | 'admin-kong-default'

/** Where a prefix has its own certificate of that name. */
export function certificateFiles(prefix: string, name: CertificateName): CertificateFiles {
  const folder = prefixPaths(prefix).ssl
  return { certificate: join(folder, `${name}.crt`), privateKey: join(folder, `${name}.key`) }
}

/** Writes a certificate and its key, which others may not read. */
export function writePair(files: CertificateFiles, { certificate, privateKey }: Identity): void {
  replaceFile(files.privateKey, privateKey, 0o600)
  replaceFile(files.certificate, certificate, 0o644)
}

/** Makes the certificates that the node of a prepared prefix will present and that are not there, and waits for them. */
export async function makeMissingCertificates(config: KongConfig): Promise<void> {
  const { prefix, sslCertificate, adminSslCertificate, proxyListen, streamListen, adminListen } =
    config
  const proxy = streamListen.length > 0 || proxyListen.some(({ ssl }) => ssl)
  const names = [
    ...(proxy && !sslCertificate ? (['kong-default'] as const) : []),
    ...(adminListen.some(({ ssl }) => ssl) && !adminSslCertificate
      ? (['admin-kong-default'] as const)
      : []),
  ]
  await Promise.all(
    names.map(async (name) => {
      const certificate = makeCertificate(prefix, name)
      certificate.begin()
      await certificate.identity
    }),
  )
}

async function readValid(files: CertificateFiles): Promise<Identity | undefined> {
  try {
    const identity = readPair(files)
    const { X509Certificate, createPrivateKey } = await import('node:crypto')
    const certificate = new X509Certificate(identity.certificate)
    const usable =
      certificate.validToDate.getTime() > Date.now() &&
      certificate.checkPrivateKey(createPrivateKey(identity.privateKey))
    return usable ? identity : undefined
  } catch {
    return undefined
  }
}

function readPair({ certificate, privateKey }: CertificateFiles): Identity {
  return {
    certificate: readFileSync(certificate, 'utf8'),
    privateKey: readFileSync(privateKey, 'utf8'),
  }
}
