import type { Fields, Schema } from '#core/kong/schema/field.ts'
import { certificateField, keyField, keyMatches } from './certificate.ts'
import type { Entity } from './entity.ts'
import { entityKind } from './entity-kind.ts'
import { createdAtField, idField } from './field-types.ts'

/** Who signs the certificates of a cluster's nodes. There is one such row or none. */
export interface ClusterCa extends Entity, Authority {
  readonly pk: true
  /** Accepted beside the others and soon to be the one: the first step of a change of authority. */
  readonly next: Authority | null
  /** Still accepted: the last step but one. */
  readonly previous: Authority | null
}

/** Both PEM; the key is not encrypted, so that every node of the cluster can sign its own certificate. */
export interface Authority {
  readonly cert: string
  readonly key: string
}

/** The id that the row has on every node, so that a second one is refused for its primary key. */
export const clusterCaId = '00000000-0000-4000-8000-00000000ca00'

const authority: Fields = { key: keyField, cert: certificateField }

const schema: Schema = {
  name: 'cluster_ca',
  fields: {
    id: idField,
    created_at: createdAtField,
    pk: { type: 'boolean', required: true, eq: true, default: true },
    ...authority,
    next: { type: 'record', fields: authority, checks: [keyMatches] },
    previous: { type: 'record', fields: authority, checks: [keyMatches] },
  },
  checks: [keyMatches],
  uniqueTogether: [['pk']],
}

/** Has no endpoint in the Admin API. */
export const clusterCas = entityKind<ClusterCa>(schema, {
  prepare: (entity) => ({ ...entity, id: clusterCaId }),
})
