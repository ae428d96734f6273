import { ByteReader } from '#lab/probes/byte-reader.ts'
import type { Seal } from './cipher-suites.ts'
import { messageType } from './handshake-messages.ts'
import { bytesBeforeClientVerify, hashUpToCertificate, type Handshake } from './transcript.ts'
import { isSignedBy } from './verify-signature.ts'
import { whole } from './whole.ts'

/** The side of a handshake that presented a certificate. */
export interface Claimant {
  readonly side: 'client' | 'server'
  readonly certificate: Uint8Array
}

/** Whether a side of a TLS 1.3 handshake signed it with the key of its certificate (RFC 8446 section 4.4.3). */
export function provesTls13Identity(
  { side, certificate }: Claimant,
  handshake: Handshake,
  { hash }: Pick<Seal, 'hash'>,
): boolean {
  const message = handshake[side].find(({ type }) => type === messageType.certificateVerify)
  if (message === undefined) return false
  const content = Buffer.concat([
    Buffer.alloc(64, ' '),
    Buffer.from(`TLS 1.3, ${side} CertificateVerify\0`),
    hashUpToCertificate(handshake, side, hash),
  ])
  return whole(() => isSignedBy(certificate, content, new ByteReader(message.body))) ?? false
}

/**
 * Whether a side of a TLS 1.2 handshake used the key of its certificate: a client by CertificateVerify, a server by
 * signing what it sent for the key exchange (RFC 8422 section 5.4); with other key exchanges than ECDHE it stays unproven.
 */
export function provesTls12Identity(
  { side, certificate }: Claimant,
  handshake: Handshake,
  randoms: Uint8Array,
): boolean {
  const proof = side === 'client' ? messageType.certificateVerify : messageType.serverKeyExchange
  const message = handshake[side].find(({ type }) => type === proof)
  if (message === undefined) return false
  const signature = new ByteReader(message.body)
  if (side === 'client') {
    const content = bytesBeforeClientVerify(handshake)
    return whole(() => isSignedBy(certificate, content, signature)) ?? false
  }
  const signed = whole(() => {
    const named = 3
    if (signature.uint(1) !== named) return false
    signature.bytes(2) // the curve
    signature.vector(1) // the public point
    const parameters = message.body.subarray(0, message.body.length - signature.remaining)
    return isSignedBy(certificate, Buffer.concat([randoms, parameters]), signature)
  })
  return signed ?? false
}
