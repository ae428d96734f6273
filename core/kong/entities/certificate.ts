import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { messageOf } from '#core/base/errors.ts'
import type { EntityCheck, Schema, StringField } from '#core/kong/schema/field.ts'
import type { Entity } from './entity.ts'
import { entityKind } from './entity-kind.ts'
import { createdAtField, idField, tagsField } from './field-types.ts'

/** A certificate and its key, both PEM; the certificate may be followed by its chain. Kong 1.1, section "Certificate object". */
export interface Certificate extends Entity {
  readonly cert: string
  readonly key: string
  readonly tags: readonly string[] | null
}

export const certificateField: StringField = {
  type: 'string',
  required: true,
  check: (text) => faultOf('certificate', () => parseCertificate(text)),
}

export const keyField: StringField = {
  type: 'string',
  required: true,
  check: (text) => faultOf('key', () => parseKey(text)),
}

/** `key` is that of `cert`. */
export const keyMatches: EntityCheck = {
  kind: 'custom',
  fields: ['cert', 'key'],
  check: ({ cert, key }) =>
    parseCertificate(String(cert)).checkPrivateKey(parseKey(String(key)))
      ? undefined
      : 'certificate does not match key',
}

const schema: Schema = {
  name: 'certificates',
  fields: {
    id: idField,
    created_at: createdAtField,
    cert: certificateField,
    key: keyField,
    tags: tagsField,
  },
  checks: [keyMatches],
}

export const certificates = entityKind<Certificate>(schema)

function parseCertificate(text: string): X509Certificate {
  return new X509Certificate(text)
}

function parseKey(text: string): KeyObject {
  return createPrivateKey(text)
}

function faultOf(what: string, parse: () => unknown): string | undefined {
  try {
    parse()
    return undefined
  } catch (error) {
    return `invalid ${what}: ${messageOf(error)}`
  }
}
