import { execFileSync } from 'node:child_process'
import { writeFile, mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Authority } from '#core/kong/entities/cluster-ca.ts'
import { clusterCaOf } from './ensure-cluster-ca.ts'
import { makeAuthority } from './make-authority.ts'
import { makeNodeIdentities } from './node-identities.ts'

const nodeId = '6f1b2c3d-0000-4000-8000-000000000001'
const twentyYearsMs = 20 * 365 * 24 * 3_600_000

let authority: Authority
let certificate: string
beforeAll(async () => {
  authority = await makeAuthority()
  const row = clusterCaOf(authority)
  const identities = await makeNodeIdentities(row, { nodeId, known: new Map() })
  certificate = identities.get(authority.cert)?.identity.certificate ?? ''
})

describe('a new authority', () => {
  it('case 225: is a self-signed authority whose key matches, as OpenSSL reads it', () => {
    const text = textOf(authority.cert)
    const subject = /Subject: (CN ?= ?kong-cluster-[0-9a-f-]{36})\n/.exec(text)?.[1] ?? 'none'
    expect(text).toContain(`Issuer: ${subject}`)
    expect(text).toContain('Version: 3')
    expect(text).toContain('Signature Algorithm: sha256WithRSAEncryption')
    expect(text).toContain('Public-Key: (2048 bit)')
    expect(text).toMatch(/X509v3 Basic Constraints: critical\s+CA:TRUE\n/)
    expect(text).toMatch(/X509v3 Key Usage: critical\s+Certificate Sign, CRL Sign\n/)
    expect(text).not.toContain('Extended Key Usage')
    expect(text).not.toContain('Alternative Name')
    expect(keyIdentifiers(text)).toEqual([keyIdentifiers(text)[0], keyIdentifiers(text)[0]])
    expect(publicKeyOf(authority.key)).toBe(
      execFileSync('openssl', ['x509', '-noout', '-pubkey'], { input: authority.cert }).toString(),
    )
    expect(lifetimeOf(authority.cert)).toBe(twentyYearsMs)
  })
})

describe("a node's certificate", () => {
  it('case 226: is signed by the authority for both ends of a connection, and signs nothing', () => {
    const text = textOf(certificate)
    expect(text).toMatch(new RegExp(`Subject: CN ?= ?kong-node-${nodeId}\n`))
    expect(text).toContain('Version: 3')
    expect(text).toContain('Signature Algorithm: sha256WithRSAEncryption')
    expect(text).toContain('Public-Key: (2048 bit)')
    expect(text).toMatch(/X509v3 Basic Constraints: critical\s+CA:FALSE\n/)
    expect(text).toMatch(
      /Extended Key Usage: \n\s+TLS Web Server Authentication, TLS Web Client Authentication\n/,
    )
    expect(text).not.toContain('X509v3 Key Usage')
    expect(text).not.toContain('Alternative Name')
    const [own, issuers] = keyIdentifiers(text)
    expect(issuers).toBe(keyIdentifiers(textOf(authority.cert))[0])
    expect(own).not.toBe(issuers)
    expect(lifetimeOf(certificate)).toBe(twentyYearsMs)
  })

  it.for(['sslserver', 'sslclient'])(
    'passes the verification of OpenSSL as %s under its authority and no other',
    async (purpose) => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'verify-'))
      const file = async (name: string, text: string): Promise<string> => {
        const path = join(folder.path, name)
        await writeFile(path, text)
        return path
      }
      const node = await file('node.pem', certificate)
      const own = await file('own.pem', authority.cert)
      const foreign = await file('foreign.pem', (await makeAuthority()).cert)
      expect(verify(purpose, own, node)).toBe('OK')
      expect(verify(purpose, foreign, node)).toBe('refused')
    },
  )
})

function textOf(pem: string): string {
  return execFileSync('openssl', ['x509', '-noout', '-text'], { input: pem }).toString()
}

function publicKeyOf(key: string): string {
  return execFileSync('openssl', ['pkey', '-pubout'], { input: key }).toString()
}

function verify(purpose: string, authorityFile: string, file: string): string {
  try {
    const args = ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', authorityFile, file]
    execFileSync('openssl', args, { stdio: 'pipe' })
    return 'OK'
  } catch {
    return 'refused'
  }
}

/** Of the subject and of the authority. */
function keyIdentifiers(text: string): readonly string[] {
  return [...text.matchAll(/Key Identifier: \n\s+(?:keyid:)?([0-9A-F:]+)\n/g)].map(
    ([, id = '']) => id,
  )
}

function lifetimeOf(pem: string): number {
  const { validFromDate, validToDate } = new X509Certificate(pem)
  expect(Math.abs(validFromDate.getTime() - Date.now())).toBeLessThan(60_000)
  return validToDate.getTime() - validFromDate.getTime()
}
