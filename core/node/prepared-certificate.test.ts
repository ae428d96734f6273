import { X509Certificate } from 'node:crypto'
import { mkdtempDisposable, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeCertificate } from '#core/kong/default-certificate.ts'
import { makeDefaultCertificate, placeDefaultCertificate } from './prepared-certificate.ts'

const made = await makeDefaultCertificate()

describe(placeDefaultCertificate, () => {
  it.for([
    ['proxy', 'kong-default'],
    ['admin', 'admin-kong-default'],
  ] as const)('is what a node presents on its %s listeners', async ([use, name]) => {
    await using home = await mkdtempDisposable(join(tmpdir(), 'prepared-'))
    const prefix = join(home.path, 'kong-a')
    placeDefaultCertificate(made, { prefix, use })
    const presented = makeCertificate(prefix, name)
    presented.begin()
    expect(await presented.identity).toStrictEqual(made)
    expect(new X509Certificate(made.certificate).subject).toContain('CN=localhost')
    expect((await stat(join(prefix, `ssl/${name}.key`))).mode & 0o777).toBe(0o600)
  })

  it('leaves the one that a node has made', async () => {
    await using home = await mkdtempDisposable(join(tmpdir(), 'prepared-'))
    const file = join(home.path, 'ssl/kong-default.crt')
    const own = await makeDefaultCertificate()
    placeDefaultCertificate(own, { prefix: home.path, use: 'proxy' })
    placeDefaultCertificate(made, { prefix: home.path, use: 'proxy' })
    expect(await readFile(file, 'utf8')).toBe(own.certificate)
  })
})
