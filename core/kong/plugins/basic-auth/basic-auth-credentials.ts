import { entityKind } from '#core/kong/entities/entity-kind.ts'
import { type Credential, credentialFields } from '#core/kong/plugins/authentication/credential.ts'
import { hashPassword } from './hash-password.ts'

/** A consumer's user name and password. Kong 1.1, "Basic Authentication". */
export interface BasicAuthCredential extends Credential {
  readonly username: string
  /** Only its hash is ever stored. */
  readonly password: string
}

export const basicAuthCredentials = entityKind<BasicAuthCredential>(
  {
    name: 'basicauth_credentials',
    endpointKey: 'username',
    fields: {
      ...credentialFields,
      username: { type: 'string', required: true, unique: true },
      password: { type: 'string', required: true },
    },
  },
  {
    endpoints: { path: 'basic-auths', nestedPath: 'basic-auth' },
    prepare: (credential) => ({
      ...credential,
      password: hashPassword(credential.password, credential.consumer?.id ?? ''),
    }),
  },
)
