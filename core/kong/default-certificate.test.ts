import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtempDisposable, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeCertificate, readCertificate } from './default-certificate.ts'
import type { Identity } from '#core/model/identity.ts'

async function openPrefix(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'certificate-'))
  await mkdir(join(folder.path, 'ssl'))
  return { path: folder.path, [Symbol.asyncDispose]: () => folder.remove() }
}

function make(prefix: string): Identity | Promise<Identity> {
  const certificate = makeCertificate(prefix, 'kong-default')
  certificate.begin()
  return certificate.identity
}

describe('makeCertificate', () => {
  it('makes Kong’s certificate, keeps the key to its owner, and finds both again', async () => {
    await using prefix = await openPrefix()
    const made = await make(prefix.path)
    expect(new X509Certificate(made.certificate).subject).toBe(
      'C=US\nST=California\nL=San Francisco\nO=Kong\nOU=IT Department\nCN=localhost',
    )
    const ssl = join(prefix.path, 'ssl')
    expect(await readdir(ssl)).toEqual(['kong-default.crt', 'kong-default.key'])
    expect((await stat(join(ssl, 'kong-default.key'))).mode & 0o777).toBe(0o600)
    expect(await make(prefix.path)).toEqual(made)
  })

  it.each([
    ['the key is missing', async (ssl: string) => writeFile(join(ssl, 'kong-default.key'), '')],
    ['the certificate is cut short', async (ssl: string) => cut(join(ssl, 'kong-default.crt'))],
    ['the certificate has expired', async (ssl: string) => writeExpired(ssl)],
  ])('makes another when %s', async (_, spoil) => {
    await using prefix = await openPrefix()
    const first = await make(prefix.path)
    await spoil(join(prefix.path, 'ssl'))
    const second = await make(prefix.path)
    expect(second.certificate).not.toBe(first.certificate)
    expect(new X509Certificate(second.certificate).validToDate.getTime()).toBeGreaterThan(
      Date.now(),
    )
    expect(await make(prefix.path)).toEqual(second)
  })
})

describe('readCertificate', () => {
  it('refuses a key that belongs to another certificate and names both files', async () => {
    await using mine = await openPrefix()
    await using other = await openPrefix()
    await Promise.all([make(mine.path), make(other.path)])
    const certificate = join(mine.path, 'ssl/kong-default.crt')
    const files = { certificate, privateKey: join(mine.path, 'ssl/kong-default.key') }
    const { identity } = await readCertificate(files)
    expect(await identity).toMatchObject({ certificate: await readFile(certificate, 'utf8') })
    const privateKey = join(other.path, 'ssl/kong-default.key')
    await expect(readCertificate({ certificate, privateKey })).rejects.toThrow(
      `cannot use the certificate ${certificate} with the key ${privateKey}: the key belongs to another certificate`,
    )
  })
})

async function cut(path: string): Promise<void> {
  await writeFile(path, (await readFile(path, 'utf8')).slice(0, 200))
}

async function writeExpired(ssl: string): Promise<void> {
  const { default: forge } = await import('node-forge')
  const key = forge.pki.privateKeyFromPem(await readFile(join(ssl, 'kong-default.key'), 'utf8'))
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.setRsaPublicKey(key.n, key.e)
  certificate.serialNumber = '01'
  certificate.validity.notBefore = new Date(Date.now() - 2000)
  certificate.validity.notAfter = new Date(Date.now() - 1000)
  certificate.setSubject([{ shortName: 'CN', value: 'localhost' }])
  certificate.setIssuer([{ shortName: 'CN', value: 'localhost' }])
  certificate.sign(key, forge.md.sha256.create())
  await writeFile(join(ssl, 'kong-default.crt'), forge.pki.certificateToPem(certificate))
}
