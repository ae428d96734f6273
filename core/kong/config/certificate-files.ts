import type { CertificateFiles } from './kong-config.ts'

/** Reads a certificate's key of kong.conf and the one beside it for the private key (Kong 1.1, "ssl_cert"). */
export function certificateFiles(
  key: string,
  text: (key: string) => string,
  fileExists: (path: string) => boolean,
): { readonly files: CertificateFiles | undefined; readonly faults: readonly string[] } {
  const faults: string[] = []
  const certificate = text(key)
  const privateKey = text(`${key}_key`)
  if (certificate !== '' && privateKey === '') faults.push(`${key}_key must be specified`)
  if (privateKey !== '' && certificate === '') faults.push(`${key} must be specified`)
  for (const [name, path] of [
    [key, certificate],
    [`${key}_key`, privateKey],
  ] as const) {
    if (path !== '' && !fileExists(path)) faults.push(`${name}: no such file at ${path}`)
  }
  const complete = certificate !== '' && privateKey !== ''
  return { files: complete ? { certificate, privateKey } : undefined, faults }
}
