import type { Schema } from '#core/kong/schema/field.ts'
import type { Entity, Protocol } from './entity.ts'
import { entityKind } from './entity-kind.ts'
import {
  createdAtField,
  hostField,
  idField,
  nameField,
  pathField,
  portField,
  protocolField,
  tagsField,
  timeoutField,
  updatedAtField,
} from './field-types.ts'
import { expandServiceUrl } from './service-url.ts'

/** Something that requests and connections are passed on to. Kong 1.1, section "Service object". */
export interface Service extends Entity {
  readonly updated_at: number
  readonly name: string | null
  /** How often connecting is tried again. */
  readonly retries: number
  readonly protocol: Protocol
  /** A host name or an IP address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
  readonly path: string | null
  /** In ms. */
  readonly connect_timeout: number
  readonly write_timeout: number
  readonly read_timeout: number
  readonly tags: readonly string[] | null
}

const schema: Schema = {
  name: 'services',
  endpointKey: 'name',
  fields: {
    id: idField,
    created_at: createdAtField,
    updated_at: updatedAtField,
    name: nameField,
    retries: { type: 'integer', default: 5, between: [0, 32_767], required: true },
    protocol: { ...protocolField, default: 'http', required: true },
    host: { ...hostField, required: true },
    port: { ...portField, default: 80, required: true },
    path: pathField,
    connect_timeout: { ...timeoutField, required: true },
    write_timeout: { ...timeoutField, required: true },
    read_timeout: { ...timeoutField, required: true },
    tags: tagsField,
  },
  checks: (['tcp', 'tls'] as const).map((protocol) => ({
    kind: 'conditional',
    ifField: 'protocol',
    ifMatch: { eq: protocol },
    thenField: 'path',
    thenMatch: { eq: null },
  })),
  shorthands: { url: expandServiceUrl },
}

export const services = entityKind<Service>(schema)
