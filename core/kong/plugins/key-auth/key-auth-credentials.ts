import { entityKind } from '#core/kong/entities/entity-kind.ts'
import { type Credential, credentialFields } from '#core/kong/plugins/authentication/credential.ts'

/** A key that a consumer shows. Kong 1.1, "Key Authentication". */
export interface KeyAuthCredential extends Credential {
  readonly key: string
}

export const keyAuthCredentials = entityKind<KeyAuthCredential>(
  {
    name: 'keyauth_credentials',
    endpointKey: 'key',
    fields: { ...credentialFields, key: { type: 'string', unique: true, auto: 'random' } },
  },
  { endpoints: { path: 'key-auths', nestedPath: 'key-auth' } },
)
