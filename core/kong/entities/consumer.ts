import { entityKind } from './entity-kind.ts'
import type { Entity } from './entity.ts'
import { createdAtField, idField, tagsField } from './field-types.ts'
import type { Schema } from '#core/kong/schema/field.ts'

/** Somebody who uses services. Kong 1.1, section "Consumer object". */
export interface Consumer extends Entity {
  readonly username: string | null
  readonly custom_id: string | null
  readonly tags: readonly string[] | null
}

const schema: Schema = {
  name: 'consumers',
  endpointKey: 'username',
  fields: {
    id: idField,
    created_at: createdAtField,
    username: { type: 'string', unique: true },
    custom_id: { type: 'string', unique: true },
    tags: tagsField,
  },
  checks: [{ kind: 'at-least-one-of', fields: ['custom_id', 'username'] }],
}

export const consumers = entityKind<Consumer>(schema)
