import { createHmac } from 'node:crypto'
import type { Seal } from './cipher-suites.ts'

/** What opens the records of one direction. */
export interface DirectionKeys {
  readonly key: Uint8Array
  /** The part of each nonce that stays the same. */
  readonly iv: Uint8Array
}

/** Keys of one direction in TLS 1.3 (RFC 8446 section 7.3). */
export function deriveTls13Keys(secret: Uint8Array, seal: Seal): DirectionKeys {
  return {
    key: expandLabel(secret, 'key', seal.keyLength, seal.hash),
    iv: expandLabel(secret, 'iv', 12, seal.hash),
  }
}

/** The secret after a KeyUpdate (RFC 8446 section 7.2). */
export function nextTls13Secret(secret: Uint8Array, { hash }: Seal): Uint8Array {
  return expandLabel(secret, 'traffic upd', secret.length, hash)
}

export interface Tls12Secrets {
  readonly master: Uint8Array
  /** In hexadecimal. */
  readonly clientRandom: string
  readonly serverRandom: string
}

/** Keys of both directions in TLS 1.2 (RFC 5246 section 6.3), for ciphers that have no MAC keys. */
export function deriveTls12Keys(
  { master, clientRandom, serverRandom }: Tls12Secrets,
  seal: Seal,
): { readonly client: DirectionKeys; readonly server: DirectionKeys } {
  const ivLength = seal.algorithm === 'chacha20-poly1305' ? 12 : 4
  const seed = Buffer.concat([
    Buffer.from('key expansion'),
    Buffer.from(serverRandom + clientRandom, 'hex'),
  ])
  const block = expand12(master, seed, 2 * (seal.keyLength + ivLength), seal.hash)
  const ivs = block.subarray(2 * seal.keyLength)
  return {
    client: { key: block.subarray(0, seal.keyLength), iv: ivs.subarray(0, ivLength) },
    server: {
      key: block.subarray(seal.keyLength, 2 * seal.keyLength),
      iv: ivs.subarray(ivLength),
    },
  }
}

/** HKDF-Expand-Label without a context (RFC 8446 section 7.1). */
function expandLabel(
  secret: Uint8Array,
  label: string,
  length: number,
  hash: Seal['hash'],
): Uint8Array {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Buffer.from([length >> 8, length & 0xff, name.length]), name, zero])
  let block: Uint8Array = new Uint8Array()
  const blocks: Uint8Array[] = []
  for (let index = 1, made = 0; made < length; index += 1, made += block.length) {
    block = hmac(secret, hash, block, info, Uint8Array.of(index))
    blocks.push(block)
  }
  return Buffer.concat(blocks).subarray(0, length)
}

const zero = new Uint8Array(1)

/** P_hash (RFC 5246 section 5). */
function expand12(
  secret: Uint8Array,
  seed: Uint8Array,
  length: number,
  hash: Seal['hash'],
): Uint8Array {
  const blocks: Uint8Array[] = []
  let link = hmac(secret, hash, seed)
  for (let made = 0; made < length; made += link.length) {
    blocks.push(hmac(secret, hash, link, seed))
    link = hmac(secret, hash, link)
  }
  return Buffer.concat(blocks).subarray(0, length)
}

function hmac(secret: Uint8Array, hash: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const made = createHmac(hash, secret)
  for (const part of parts) made.update(part)
  return made.digest()
}
