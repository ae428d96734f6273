import { constants, verify, X509Certificate } from 'node:crypto'
import type { ByteReader } from '#lab/probes/byte-reader.ts'

interface Scheme {
  readonly hash: string | null
  readonly pss: boolean
}

/** SignatureScheme (RFC 8446 section 4.2.3); SHA-1 proves nothing any more. */
const schemes: ReadonlyMap<number, Scheme> = new Map<number, Scheme>([
  ...(['sha256', 'sha384', 'sha512'] as const).flatMap((hash, index) => [
    [0x0401 + index * 0x100, { hash, pss: false }] as const, // RSA, PKCS #1
    [0x0403 + index * 0x100, { hash, pss: false }] as const, // ECDSA
    [0x0804 + index, { hash, pss: true }] as const, // RSA-PSS, any RSA key
    [0x0809 + index, { hash, pss: true }] as const, // RSA-PSS, keys for it alone
  ]),
  [0x0807, { hash: null, pss: false }], // Ed25519
  [0x0808, { hash: null, pss: false }], // Ed448
])

/**
 * Whether the owner of a certificate signed this content.
 * @param signature begins with the scheme.
 * @throws {EndOfBytes} When the signature is damaged.
 */
export function isSignedBy(
  certificate: Uint8Array,
  content: Uint8Array,
  signature: ByteReader,
): boolean {
  const scheme = schemes.get(signature.uint(2))
  const bytes = signature.vector(2).rest()
  if (scheme === undefined) return false
  const padding = scheme.pss
    ? {
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      }
    : {}
  try {
    const { publicKey } = new X509Certificate(certificate)
    return verify(scheme.hash, content, { key: publicKey, ...padding }, bytes)
  } catch {
    // A certificate that cannot be read, or a key of another kind than the scheme wants.
    return false
  }
}
