import { createDecipheriv } from 'node:crypto'
import type { Seal } from './cipher-suites.ts'
import type { DirectionKeys } from './derive-keys.ts'
import { contentType, type TlsRecordBytes } from './records.ts'

export interface OpenedRecord {
  readonly type: number
  readonly content: Uint8Array
}

/** Opens the records of one direction, in their order; undefined: these keys did not seal it. */
export type RecordOpener = (record: TlsRecordBytes) => OpenedRecord | undefined

const tagLength = 16
/** The part of a nonce of AES-GCM that stands in the record (RFC 5288 section 3). */
const explicitNonceLength = 8

/** RFC 8446 section 5.2: the real content type stands behind the content, before padding of zeros. */
export function tls13Opener(seal: Seal, keys: DirectionKeys): RecordOpener {
  let sequence = 0n
  return ({ header, body }) => {
    const nonce = maskedNonce(keys.iv, sequence)
    const inner = open({ seal, key: keys.key, nonce, associated: header, sealed: body })
    if (inner === undefined) return undefined
    sequence += 1n
    let end = inner.length - 1
    while (end >= 0 && inner[end] === 0) end -= 1
    return { type: inner[end] ?? contentType.alert, content: inner.subarray(0, Math.max(0, end)) }
  }
}

/** RFC 5246 section 6.2.3.3 with RFC 5288 (AES-GCM) or RFC 7905 (ChaCha20). */
export function tls12Opener(seal: Seal, keys: DirectionKeys): RecordOpener {
  let sequence = 0n
  return ({ type, header, body }) => {
    const explicit = seal.algorithm === 'chacha20-poly1305' ? 0 : explicitNonceLength
    const length = body.length - explicit - tagLength
    if (length < 0) return undefined
    const associated = Buffer.alloc(13)
    associated.writeBigUInt64BE(sequence)
    associated.set(header.subarray(0, 3), 8)
    associated.writeUInt16BE(length, 11)
    const nonce =
      explicit === 0
        ? maskedNonce(keys.iv, sequence)
        : Buffer.concat([keys.iv, body.subarray(0, explicit)])
    const sealed = body.subarray(explicit)
    const content = open({ seal, key: keys.key, nonce, associated, sealed })
    if (content === undefined) return undefined
    sequence += 1n
    return { type, content }
  }
}

function maskedNonce(iv: Uint8Array, sequence: bigint): Uint8Array {
  const nonce = Buffer.from(iv)
  const low = nonce.readBigUInt64BE(4)
  nonce.writeBigUInt64BE(low ^ sequence, 4)
  return nonce
}

interface Sealed {
  readonly seal: Seal
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly associated: Uint8Array
  readonly sealed: Uint8Array
}

function open({ seal, key, nonce, associated, sealed }: Sealed): Uint8Array | undefined {
  if (sealed.length < tagLength) return undefined
  const options = { authTagLength: tagLength }
  // Two overloads in Node's types, which take no union.
  const decipher =
    seal.algorithm === 'chacha20-poly1305'
      ? createDecipheriv(seal.algorithm, key, nonce, options)
      : createDecipheriv(seal.algorithm, key, nonce, options)
  decipher.setAAD(associated, { plaintextLength: sealed.length - tagLength })
  decipher.setAuthTag(sealed.subarray(-tagLength))
  const content = decipher.update(sealed.subarray(0, -tagLength))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return content
}
