import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { makeAuthority } from './make-authority.ts'
import { meshProtocol } from './mesh-protocol.ts'

describe('meshProtocol', () => {
  it("is derived from the public key as OpenSSL's tools see it, and differs between authorities", async () => {
    const { cert } = await makeAuthority()
    const publicKey = execFileSync('openssl', ['x509', '-noout', '-pubkey'], { input: cert })
    const bits = execFileSync(
      'openssl',
      ['rsa', '-pubin', '-RSAPublicKey_out', '-outform', 'DER'],
      {
        input: publicKey,
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    )
    const digest = execFileSync('openssl', ['dgst', '-sha256', '-binary'], { input: bits })
    const protocol = meshProtocol(cert)
    expect(protocol).toBe(`com.konghq/service-mesh/1/${digest.toString('base64')}`)
    expect(protocol).toHaveLength(70)
    expect(meshProtocol((await makeAuthority()).cert)).not.toBe(protocol)
  })
})
