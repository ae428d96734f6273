import { createCipheriv, createHmac } from 'node:crypto'

/** A fatal alert in the clear, as before the first ChangeCipherSpec of TLS 1.2 (RFC 5246, section 7.2). */
export function renderPlainAlert(description: number): Buffer {
  return Buffer.concat([recordHeader(alertType, 2), Buffer.from([fatal, description])])
}

/** Traffic keys of TLS 1.3 that nothing was sent under yet. */
export interface UnusedKeys {
  /** IANA's name of the cipher suite. */
  readonly suite: string
  /** The traffic secret (RFC 8446, section 7.1). */
  readonly secret: Uint8Array | undefined
}

/** A fatal alert as the first record under these keys (RFC 8446, section 6); undefined when it cannot be sealed. */
export function renderSealedAlert(description: number, keys: UnusedKeys): Buffer | undefined {
  const suite = suites.get(keys.suite)
  if (suite === undefined || keys.secret === undefined) return undefined
  const key = expand(suite.hash, keys.secret, 'key', suite.keyBytes)
  // The nonce of the first record is the IV itself: its number is 0 (section 5.3).
  const nonce = expand(suite.hash, keys.secret, 'iv', ivBytes)
  const inner = Buffer.from([fatal, description, alertType])
  const header = recordHeader(applicationData, inner.length + tagBytes)
  const options = { authTagLength: tagBytes }
  const sealing =
    suite.cipher === 'chacha20-poly1305'
      ? createCipheriv(suite.cipher, key, nonce, options)
      : createCipheriv(suite.cipher, key, nonce, options)
  sealing.setAAD(header)
  const sealed = Buffer.concat([sealing.update(inner), sealing.final()])
  return Buffer.concat([header, sealed, sealing.getAuthTag()])
}

/**
 * The alert for a certificate that OpenSSL found fault with, by Node's code for the fault; the same that OpenSSL sends.
 */
export function alertForCertificate(code: string | undefined): number {
  return alerts.get(code ?? '') ?? certificateUnknown
}

const certificateUnknown = 46
const unknownCa = 48

const alerts: ReadonlyMap<string, number> = new Map([
  ['CERT_NOT_YET_VALID', 42],
  ['ERROR_IN_CERT_NOT_BEFORE_FIELD', 42],
  ['ERROR_IN_CERT_NOT_AFTER_FIELD', 42],
  ['CERT_REJECTED', 42],
  ['CERT_UNTRUSTED', 42],
  ['INVALID_PURPOSE', 43],
  ['CERT_REVOKED', 44],
  ['CERT_HAS_EXPIRED', 45],
  ['INVALID_CA', unknownCa],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', unknownCa],
  ['SELF_SIGNED_CERT_IN_CHAIN', unknownCa],
  ['UNABLE_TO_GET_ISSUER_CERT', unknownCa],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', unknownCa],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', unknownCa],
  ['CERT_CHAIN_TOO_LONG', unknownCa],
  ['PATH_LENGTH_EXCEEDED', unknownCa],
  ['CERT_SIGNATURE_FAILURE', 51],
])

const fatal = 2
const alertType = 21
const applicationData = 23
const ivBytes = 12
const tagBytes = 16

interface Suite {
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'
  readonly hash: 'sha256' | 'sha384'
  readonly keyBytes: number
}

const suites: ReadonlyMap<string, Suite> = new Map([
  ['TLS_AES_128_GCM_SHA256', { cipher: 'aes-128-gcm', hash: 'sha256', keyBytes: 16 }],
  ['TLS_AES_256_GCM_SHA384', { cipher: 'aes-256-gcm', hash: 'sha384', keyBytes: 32 }],
  ['TLS_CHACHA20_POLY1305_SHA256', { cipher: 'chacha20-poly1305', hash: 'sha256', keyBytes: 32 }],
])

function recordHeader(type: number, length: number): Buffer {
  return Buffer.from([type, 3, 3, length >> 8, length & 255])
}

/** HKDF-Expand-Label with an empty context (RFC 8446, section 7.1), for what one block of the hash is enough for. */
function expand(hash: Suite['hash'], secret: Uint8Array, label: string, bytes: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.from([0, bytes, name.length, ...name, 0, 1])
  return createHmac(hash, secret).update(info).digest().subarray(0, bytes)
}
