import type { Entity, ForeignKey } from '#core/kong/entities/entity.ts'
import { createdAtField, idField } from '#core/kong/entities/field-types.ts'
import type { StringField } from '#core/kong/schema/field.ts'

/** What proves that a client is a certain consumer. */
export interface Credential extends Entity {
  /** One without a consumer proves nothing. */
  readonly consumer: ForeignKey | null
}

/** The fields that every kind of credential begins with. */
export const credentialFields = {
  id: idField,
  created_at: createdAtField,
  consumer: { type: 'foreign', reference: 'consumers', onRemove: 'cascade' },
} as const

/** `anonymous` in the settings: the consumer that stands for everybody who is not known. */
export const anonymousField: StringField = { type: 'string', uuid: true }
