import type { Schema } from '#core/kong/schema/field.ts'
import type { Entity, ForeignKey } from './entity.ts'
import { entityKind } from './entity-kind.ts'
import { createdAtField, idField, serverNameField, tagsField } from './field-types.ts'

/** A server name that is answered with a certificate. Kong 1.1, section "SNI object". */
export interface Sni extends Entity {
  readonly name: string
  readonly certificate: ForeignKey
  readonly tags: readonly string[] | null
}

const schema: Schema = {
  name: 'snis',
  endpointKey: 'name',
  fields: {
    id: idField,
    created_at: createdAtField,
    name: { ...serverNameField, required: true, unique: true },
    certificate: {
      type: 'foreign',
      reference: 'certificates',
      required: true,
      onRemove: 'cascade',
    },
    tags: tagsField,
  },
}

export const snis = entityKind<Sni>(schema)
