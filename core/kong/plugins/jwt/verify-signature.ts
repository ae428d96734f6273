import { createHmac, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { sameSecret } from '#core/kong/plugins/authentication/same-secret.ts'

/** Those that Kong 1.1 knows. */
export const jwtAlgorithms = ['HS256', 'HS384', 'HS512', 'RS256', 'RS512', 'ES256'] as const

export type JwtAlgorithm = (typeof jwtAlgorithms)[number]

/**
 * Whether `key` (a secret for HS, a PEM otherwise) made the signature. A key of another kind than the algorithm wants
 * made none.
 */
export function verifySignature(
  algorithm: JwtAlgorithm,
  {
    signed,
    signature,
    key,
  }: {
    readonly signed: string
    readonly signature: Buffer
    readonly key: string | Buffer
  },
): boolean {
  const hash = `sha${algorithm.slice(2)}`
  switch (algorithm) {
    case 'HS256':
    case 'HS384':
    case 'HS512':
      return sameSecret(createHmac(hash, key).update(signed).digest(), signature)
    case 'RS256':
    case 'RS512': {
      const publicKey = publicKeyOf(key, 'rsa')
      return publicKey !== undefined && verify(hash, Buffer.from(signed), publicKey, signature)
    }
    case 'ES256': {
      const publicKey = publicKeyOf(key, 'ec')
      if (publicKey?.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false
      const p1363 = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
      return verify(hash, Buffer.from(signed), p1363, signature)
    }
  }
}

function publicKeyOf(key: string | Buffer, type: 'rsa' | 'ec'): KeyObject | undefined {
  try {
    const publicKey = createPublicKey(key)
    return publicKey.asymmetricKeyType === type ? publicKey : undefined
  } catch {
    return undefined
  }
}
