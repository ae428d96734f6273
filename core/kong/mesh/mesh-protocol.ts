import { createHash, X509Certificate } from 'node:crypto'

/** What the ALPN protocol ids of all clusters begin with (Kong 1.1). */
export const meshProtocolPrefix = 'com.konghq/service-mesh/1/'

/**
 * The ALPN protocol id by which nodes of a cluster recognise each other (Kong 1.1): the same for every node under this
 * authority, and for nobody else.
 *
 * @throws Error when the certificate (PEM) cannot be read or is not RSA.
 */
export function meshProtocol(certificate: string): string {
  const { publicKey } = new X509Certificate(certificate)
  const keyBits = publicKey.export({ type: 'pkcs1', format: 'der' })
  return meshProtocolPrefix + createHash('sha256').update(keyBits).digest('base64')
}
