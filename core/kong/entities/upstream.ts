import type { EntityCheck, Schema, StringField } from '#core/kong/schema/field.ts'
import type { Entity } from './entity.ts'
import { entityKind } from './entity-kind.ts'
import { createdAtField, idField, pathField, tagsField } from './field-types.ts'
import { healthChecksField, type UpstreamHealthChecks } from './health-checks.ts'
import { classifyHost } from './host-name.ts'

/** A name behind which Targets share the load. Kong 1.1, section "Upstream object". */
export interface KongUpstream extends Entity {
  /** Compared with the hosts of Services. */
  readonly name: string
  readonly hash_on: HashOn
  /** Used when `hash_on` finds nothing. */
  readonly hash_fallback: HashOn
  readonly hash_on_header: string | null
  readonly hash_fallback_header: string | null
  readonly hash_on_cookie: string | null
  readonly hash_on_cookie_path: string
  readonly slots: number
  readonly healthchecks: UpstreamHealthChecks
  readonly tags: readonly string[] | null
}

export type HashOn = 'none' | 'consumer' | 'ip' | 'header' | 'cookie'

const hashOnField: StringField = {
  type: 'string',
  oneOf: ['none', 'consumer', 'ip', 'header', 'cookie'],
  default: 'none',
  required: true,
}

const schema: Schema = {
  name: 'upstreams',
  endpointKey: 'name',
  fields: {
    id: idField,
    created_at: createdAtField,
    name: { type: 'string', required: true, unique: true, check: checkName },
    hash_on: hashOnField,
    hash_fallback: hashOnField,
    hash_on_header: tokenField('header'),
    hash_fallback_header: tokenField('header'),
    hash_on_cookie: tokenField('cookie'),
    hash_on_cookie_path: { ...pathField, default: '/', required: true },
    slots: { type: 'integer', default: 10_000, between: [10, 65_536], required: true },
    healthchecks: healthChecksField,
    tags: tagsField,
  },
  checks: [
    needs('hash_on', 'header', 'hash_on_header'),
    needs('hash_fallback', 'header', 'hash_fallback_header'),
    needs('hash_on', 'cookie', 'hash_on_cookie'),
    needs('hash_fallback', 'cookie', 'hash_on_cookie'),
    allowsFallback('none', ['none']),
    allowsFallback('cookie', ['none']),
    allowsFallback('consumer', ['none', 'ip', 'header', 'cookie']),
    allowsFallback('ip', ['none', 'consumer', 'header', 'cookie']),
    { kind: 'distinct', fields: ['hash_on_header', 'hash_fallback_header'] },
  ],
}

export const upstreams = entityKind<KongUpstream>(schema)

function checkName(name: string): string | undefined {
  const { kind, hasPort } = classifyHost(name)
  if (kind === 'invalid') return 'Invalid name; must be a valid hostname'
  if (kind === 'ip') return 'Invalid name; no ip addresses allowed'
  return hasPort ? 'Invalid name; no port allowed' : undefined
}

function tokenField(what: 'header' | 'cookie'): StringField {
  return {
    type: 'string',
    check: (name) =>
      /^[A-Za-z0-9_-]+$/.test(name)
        ? undefined
        : `bad ${what} name '${name}', allowed characters are A-Z, a-z, 0-9, '_', and '-'`,
  }
}

function needs(ifField: string, value: HashOn, thenField: string): EntityCheck {
  return {
    kind: 'conditional',
    ifField,
    ifMatch: { eq: value },
    thenField,
    thenMatch: { required: true },
  }
}

function allowsFallback(value: HashOn, fallbacks: readonly HashOn[]): EntityCheck {
  return {
    kind: 'conditional',
    ifField: 'hash_on',
    ifMatch: { eq: value },
    thenField: 'hash_fallback',
    thenMatch: { oneOf: fallbacks },
  }
}
