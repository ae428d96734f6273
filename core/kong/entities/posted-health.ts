import type { Schema } from '#core/kong/schema/field.ts'
import type { Entity, ForeignKey } from './entity.ts'
import { entityKind } from './entity-kind.ts'
import { idField } from './field-types.ts'

/**
 * Somebody's word, given through the Admin API, that a Target is healthy or not; stored so that every node hears of it.
 * A later word about the same Target replaces it, with a new id.
 */
export interface PostedHealth extends Entity {
  /** Unix time in s, with ms. */
  readonly created_at: number
  readonly upstream: ForeignKey
  /** As in Target. */
  readonly target: string
  readonly healthy: boolean
}

const schema: Schema = {
  name: 'posted_healths',
  fields: {
    id: idField,
    created_at: { type: 'number', timestamp: true, auto: 'created' },
    upstream: { type: 'foreign', reference: 'upstreams', required: true, onRemove: 'cascade' },
    target: { type: 'string', required: true },
    healthy: { type: 'boolean', required: true },
  },
  uniqueTogether: [['upstream', 'target']],
}

export const postedHealths = entityKind<PostedHealth>(schema)
