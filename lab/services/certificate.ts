import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface KeyAndCertificate {
  readonly key: string
  readonly cert: string
}

/**
 * Makes a key and a self-signed certificate for that common name, with openssl; nothing is written to disk.
 * @param options.newKey as `openssl req -newkey` takes it, with `-pkeyopt`. Default: ECDSA on P-256.
 */
export async function makeCertificate(
  commonName: string,
  { newKey = 'ec -pkeyopt ec_paramgen_curve:prime256v1' } = {},
): Promise<KeyAndCertificate> {
  const request = `-x509 -newkey ${newKey} -nodes -days 365`
  const { stdout } = await promisify(execFile)('openssl', [
    'req',
    ...request.split(' '),
    '-subj',
    `/CN=${commonName}`,
    '-keyout',
    '-',
    '-out',
    '-',
  ])
  const blocks = stdout.match(/-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----\n/g) ?? []
  const [key, cert] = ['PRIVATE KEY', 'CERTIFICATE'].map((label) =>
    blocks.find((block) => block.startsWith(`-----BEGIN ${label}-----`)),
  )
  if (key === undefined || cert === undefined) {
    throw new Error(`openssl printed no key and certificate: ${stdout}`)
  }
  return { key, cert }
}
