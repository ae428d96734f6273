import { generateKeyPair, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import type { Authority } from '#core/kong/entities/cluster-ca.ts'
import { issueCertificate } from './issue-certificate.ts'

/** Makes a new authority for a cluster. Takes up to 300 ms of a core, off the main thread. */
export async function makeAuthority(): Promise<Authority> {
  return authorityWith(await makeKey())
}

/** Makes an authority of this key (PEM); each call makes another one. */
export async function authorityWith(key: string): Promise<Authority> {
  const commonName = `kong-cluster-${randomUUID()}`
  return {
    key,
    cert: await issueCertificate({ key, commonName, issuer: undefined, now: Date.now() }),
  }
}

/** An RSA key of 2048 bits, PEM, unencrypted. Made off the main thread. */
export async function makeKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return privateKey
}
