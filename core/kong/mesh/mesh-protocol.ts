import { createHash, X509Certificate } from 'node:crypto'

/**
 * The ALPN protocol id by which nodes of a cluster recognise each other (Kong 1.1): the same for every node under this
 * authority, and for nobody else.
 *
 * @throws Error when the certificate (PEM) cannot be read or is not RSA.
 */
export function meshProtocol(certificate: string): string {
  const { publicKey } = new X509Certificate(certificate)
  const keyBits = publicKey.export({ type: 'pkcs1', format: 'der' })
  return `com.konghq/service-mesh/1/${createHash('sha256').update(keyBits).digest('base64')}`
}
