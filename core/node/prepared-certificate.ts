import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { certificateFiles, writePair } from '#core/kong/default-certificate.ts'
import type { Identity } from '#core/model/identity.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'

/**
 * Makes a certificate as a node makes it for itself where its prefix has none (Kong 1.1, "ssl_cert"). Takes up to 300 ms of
 * a core, off the main thread.
 */
export function makeDefaultCertificate(): Promise<Identity> {
  return selfSigned(kongSubject)
}

/**
 * Puts a default certificate into the prefix of a node that is not running, whether or not the prefix exists. One that is
 * there already stays.
 * @param options.use Which of the node's listeners present it.
 */
export function placeDefaultCertificate(
  identity: Identity,
  { prefix, use }: { readonly prefix: string; readonly use: 'proxy' | 'admin' },
): void {
  const files = certificateFiles(prefix, use === 'proxy' ? 'kong-default' : 'admin-kong-default')
  if (existsSync(files.certificate)) return
  mkdirSync(dirname(files.certificate), { recursive: true })
  writePair(files, identity)
}
