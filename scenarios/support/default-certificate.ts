import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCertificate } from '#lab/services/certificate.ts'

let made: ReturnType<typeof makeCertificate> | undefined

/**
 * Puts a certificate where a node looks for its default one and makes it if there is none, which takes it most of its start.
 * All nodes of a run have the same, as an operator may arrange.
 */
export async function placeDefaultCertificate(prefix: string): Promise<void> {
  made ??= makeCertificate('localhost', { newKey: 'rsa:2048' })
  const { key, cert } = await made
  const folder = join(prefix, 'ssl')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'kong-default.key'), key, { mode: 0o600 })
  await writeFile(join(folder, 'kong-default.crt'), cert)
}
