import type { EntityCheck, Schema } from '#core/kong/schema/field.ts'
import type { Entity, ForeignKey, Protocol } from './entity.ts'
import { entityKind } from './entity-kind.ts'
import {
  createdAtField,
  endpointField,
  flag,
  idField,
  nameField,
  pathField,
  protocolField,
  serverNameField,
  tagsField,
  updatedAtField,
} from './field-types.ts'
import { checkHostPattern } from './host-name.ts'
import { checkPathPattern } from './uri-path.ts'

/** Which requests and connections go to a Service. Kong 1.1, section "Route object". */
export interface Route extends Entity {
  readonly updated_at: number
  readonly name: string | null
  readonly protocols: readonly Protocol[]
  readonly methods: readonly string[] | null
  /** At most one `*` each, as the leftmost or rightmost label. */
  readonly hosts: readonly string[] | null
  /** Prefixes, and regular expressions: those that `isPlainPath` denies. */
  readonly paths: readonly string[] | null
  readonly regex_priority: number
  readonly strip_path: boolean
  readonly preserve_host: boolean
  readonly snis: readonly string[] | null
  readonly sources: readonly Endpoint[] | null
  readonly destinations: readonly Endpoint[] | null
  readonly tags: readonly string[] | null
  /** null: the Route forwards to where the client wanted to go. */
  readonly service: ForeignKey | null
}

/** One end of a connection; at least one of both is given. */
export interface Endpoint {
  /** IPv4 address or CIDR block. */
  readonly ip: string | null
  readonly port: number | null
}

const schema: Schema = {
  name: 'routes',
  endpointKey: 'name',
  fields: {
    id: idField,
    created_at: createdAtField,
    updated_at: updatedAtField,
    name: nameField,
    protocols: {
      type: 'set',
      elements: protocolField,
      lenMin: 1,
      required: true,
      default: ['http', 'https'],
    },
    methods: { type: 'set', elements: { type: 'string', match: /^[A-Z]+$/ } },
    hosts: {
      type: 'array',
      elements: {
        type: 'string',
        matchAll: [
          {
            pattern: /^[^*]*\*?[^*]*$/,
            fault: 'invalid wildcard: must have at most one wildcard',
          },
        ],
        matchAny: {
          patterns: [/^\*\./, /\.\*$/, /^[^*]*$/],
          fault: 'invalid wildcard: must be placed at leftmost or rightmost label',
        },
        check: checkHostPattern,
      },
    },
    paths: { type: 'array', elements: { ...pathField, check: checkPathPattern } },
    regex_priority: { type: 'integer', default: 0 },
    strip_path: flag(true),
    preserve_host: flag(false),
    snis: { type: 'set', elements: serverNameField },
    sources: { type: 'set', elements: endpointField },
    destinations: { type: 'set', elements: endpointField },
    tags: tagsField,
    service: { type: 'foreign', reference: 'services' },
  },
  checks: [
    ...attributesOf(['http', 'https'], {
      needed: ['methods', 'hosts', 'paths'],
      forbidden: ['snis', 'sources', 'destinations'],
    }),
    ...attributesOf(['tcp', 'tls'], {
      needed: ['sources', 'destinations', 'snis'],
      forbidden: ['methods', 'hosts', 'paths'],
    }),
  ],
}

/** What a Route may match on when all its protocols are of one family; one of mixed families may match on anything. */
function attributesOf(
  family: readonly [Protocol, Protocol],
  {
    needed,
    forbidden,
  }: { readonly needed: readonly string[]; readonly forbidden: readonly string[] },
): readonly EntityCheck[] {
  const only = { ifField: 'protocols', ifMatch: { elements: { oneOf: family } } } as const
  const given = `when 'protocols' is '${family[0]}' or '${family[1]}'`
  return [
    {
      kind: 'conditional-at-least-one-of',
      ...only,
      oneOf: needed,
      fault: `must set one of ${needed.map((name) => `'${name}'`).join(', ')} ${given}`,
    },
    ...forbidden.map((name): EntityCheck => ({
      kind: 'conditional',
      ...only,
      thenField: name,
      thenMatch: { lenEq: 0 },
      fault: `cannot set '${name}' ${given}`,
    })),
  ]
}

export const routes = entityKind<Route>(schema)
