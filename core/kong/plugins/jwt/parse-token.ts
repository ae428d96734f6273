import { isRecord } from '#core/kong/schema/plain-record.ts'
import { decodeBase64 } from './base64-url.ts'
import { type JwtAlgorithm, jwtAlgorithms } from './verify-signature.ts'

/** A JSON Web Token (RFC 7519) of which nothing is believed yet. */
export interface Token {
  readonly algorithm: JwtAlgorithm
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** The text that was signed. */
  readonly signed: string
  readonly signature: Buffer
}

/** Reads a token; a text says why it is none, in the words of Kong 1.1. */
export function parseToken(token: string): Token | string {
  const firstDot = token.indexOf('.')
  const secondDot = token.indexOf('.', firstDot + 1)
  if (firstDot === -1 || secondDot === -1) return 'invalid JSON'
  const header = parseJson(token.slice(0, firstDot))
  const claims = parseJson(token.slice(firstDot + 1, secondDot))
  if (claims === undefined || !isRecord(header)) return 'invalid JSON'
  const algorithm = jwtAlgorithms.find((known) => known === header['alg'])
  if (algorithm === undefined) return 'invalid alg'
  if (!isRecord(claims)) return 'invalid claims'
  const signature = decodeBase64(token.slice(secondDot + 1))
  if (signature === undefined) return 'invalid signature'
  return { algorithm, header, claims, signed: token.slice(0, secondDot), signature }
}

function parseJson(encoded: string): unknown {
  const bytes = decodeBase64(encoded)
  if (bytes === undefined) return undefined
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
