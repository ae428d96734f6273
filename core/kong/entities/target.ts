import type { Schema } from '#core/kong/schema/field.ts'
import type { Entity, ForeignKey } from './entity.ts'
import { entityKind } from './entity-kind.ts'
import { idField, tagsField } from './field-types.ts'
import { checkTarget, normalTarget } from './target-address.ts'

/**
 * One statement about an address behind an Upstream; the newest one about an address holds. Kong 1.1, section "Target
 * object".
 */
export interface Target extends Entity {
  /** Unix time in s, with ms. No two Targets of an Upstream have the same unless a client said so. */
  readonly created_at: number
  readonly upstream: ForeignKey
  /** Host and port as `normalTarget` writes them. */
  readonly target: string
  /** 0 = the address is not used any more. */
  readonly weight: number
  readonly tags: readonly string[] | null
}

const schema: Schema = {
  name: 'targets',
  fields: {
    id: idField,
    created_at: { type: 'number', timestamp: true, auto: 'created' },
    upstream: { type: 'foreign', reference: 'upstreams', required: true, onRemove: 'cascade' },
    target: { type: 'string', required: true, check: checkTarget },
    weight: { type: 'integer', default: 100, between: [0, 1000], required: true },
    tags: tagsField,
  },
}

export const targets = entityKind<Target>(schema, {
  prepare: (entity) => ({ ...entity, target: normalTarget(entity.target) ?? entity.target }),
})
