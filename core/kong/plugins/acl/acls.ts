import { entityKind } from '#core/kong/entities/entity-kind.ts'
import { type Credential, credentialFields } from '#core/kong/plugins/authentication/credential.ts'

/** Says that a consumer belongs to a group. Kong 1.1, "ACL". */
export interface Acl extends Credential {
  readonly group: string
}

export const acls = entityKind<Acl>(
  {
    name: 'acls',
    fields: { ...credentialFields, group: { type: 'string', required: true } },
    uniqueTogether: [['consumer', 'group']],
  },
  { endpoints: { nestedKey: 'group' } },
)
