import { createPublicKey } from 'node:crypto'
import { entityKind } from '#core/kong/entities/entity-kind.ts'
import { type Credential, credentialFields } from '#core/kong/plugins/authentication/credential.ts'
import { type JwtAlgorithm, jwtAlgorithms } from './verify-signature.ts'

/** What a consumer signs its tokens with. Kong 1.1, "JWT". */
export interface JwtSecret extends Credential {
  /** What a token says in its key claim. */
  readonly key: string
  readonly secret: string | null
  /** PEM; for ES256, too. */
  readonly rsa_public_key: string | null
  readonly algorithm: JwtAlgorithm | null
}

export const jwtSecrets = entityKind<JwtSecret>(
  {
    name: 'jwt_secrets',
    endpointKey: 'key',
    fields: {
      ...credentialFields,
      key: { type: 'string', unique: true, auto: 'random' },
      secret: { type: 'string', auto: 'random' },
      rsa_public_key: { type: 'string' },
      algorithm: { type: 'string', default: 'HS256', oneOf: jwtAlgorithms },
    },
    checks: [
      {
        kind: 'conditional',
        ifField: 'algorithm',
        ifMatch: { match: /^RS/ },
        thenField: 'rsa_public_key',
        thenMatch: { required: true },
      },
      {
        kind: 'custom',
        fields: ['algorithm', 'rsa_public_key'],
        blame: 'rsa_public_key',
        check: ({ algorithm, rsa_public_key: key }) =>
          typeof algorithm === 'string' &&
          algorithm.startsWith('RS') &&
          typeof key === 'string' &&
          !isPublicKey(key)
            ? 'invalid key'
            : undefined,
      },
    ],
  },
  { endpoints: { path: 'jwts', nestedPath: 'jwt' } },
)

function isPublicKey(pem: string): boolean {
  try {
    createPublicKey(pem)
    return true
  } catch {
    return false
  }
}
