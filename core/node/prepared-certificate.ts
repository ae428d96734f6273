import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { prefixPaths, replaceFile } from '#core/kong/prefix.ts'
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
  { certificate, privateKey }: Identity,
  { prefix, use }: { readonly prefix: string; readonly use: 'proxy' | 'admin' },
): void {
  const folder = prefixPaths(prefix).ssl
  const file = join(folder, use === 'proxy' ? 'kong-default' : 'admin-kong-default')
  if (existsSync(`${file}.crt`)) return
  mkdirSync(folder, { recursive: true })
  replaceFile(`${file}.key`, privateKey, 0o600)
  replaceFile(`${file}.crt`, certificate, 0o644)
}
