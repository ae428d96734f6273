import { entityKind } from '#core/kong/entities/entity-kind.ts'
import { type Credential, credentialFields } from '#core/kong/plugins/authentication/credential.ts'

/** A consumer's user name and the secret it signs with. Kong 1.1, "HMAC Authentication". */
export interface HmacAuthCredential extends Credential {
  readonly username: string
  readonly secret: string
}

export const hmacAuthCredentials = entityKind<HmacAuthCredential>(
  {
    name: 'hmacauth_credentials',
    endpointKey: 'username',
    fields: {
      ...credentialFields,
      username: { type: 'string', required: true, unique: true },
      secret: { type: 'string', auto: 'random' },
    },
  },
  { endpoints: { path: 'hmac-auths', nestedPath: 'hmac-auth' } },
)
