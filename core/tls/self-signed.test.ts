import { createPrivateKey, X509Certificate } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { kongSubject, selfSigned } from './self-signed.ts'

describe('selfSigned', () => {
  it('makes an RSA 2048 certificate with Kong 1.1’s subject that signs itself', async () => {
    const identity = await selfSigned(kongSubject)
    const certificate = new X509Certificate(identity.certificate)
    expect(certificate.subject.split('\n')).toEqual([
      'C=US',
      'ST=California',
      'L=San Francisco',
      'O=Kong',
      'OU=IT Department',
      'CN=localhost',
    ])
    expect(certificate.issuer).toBe(certificate.subject)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(identity.privateKey))).toBe(true)
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 })
  })

  it('is valid now and for a year', async () => {
    const { certificate } = await selfSigned(kongSubject)
    const { validFromDate, validToDate } = new X509Certificate(certificate)
    expect(validFromDate.getTime()).toBeLessThan(Date.now())
    const days = (validToDate.getTime() - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(364)
    expect(days).toBeLessThan(366)
  })

  it('gives each certificate another serial number', async () => {
    const [one, two] = await Promise.all([selfSigned(kongSubject), selfSigned(kongSubject)])
    const serials = [one, two].map(
      ({ certificate }) => new X509Certificate(certificate).serialNumber,
    )
    expect(serials[0]).not.toBe(serials[1])
  })

  it('is accepted by openssl', async () => {
    const { certificate } = await selfSigned(kongSubject)
    const text = execFileSync('openssl', ['x509', '-noout', '-checkend', '0', '-subject'], {
      input: certificate,
      encoding: 'utf8',
    })
    expect(text).toContain('CN = localhost')
  })
})
