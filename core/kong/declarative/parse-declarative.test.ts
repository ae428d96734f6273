import { anything, assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { entityKind } from '#core/kong/entities/entity-kind.ts'
import { idField } from '#core/kong/entities/field-types.ts'
import { kongKinds } from '#core/kong/entities/kong-kinds.ts'
import type { Generate } from '#core/kong/schema/fill-defaults.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import { DeclarativeError } from './declarative-error.ts'
import { parseDeclarative, type DeclaredEntities } from './parse-declarative.ts'
import { renderDeclarative } from './render-declarative.ts'

const generate: Generate = {
  now: () => 1_550_000_000_000,
  uuid: () => '00000000-0000-4000-8000-000000000000',
  secret: () => 's'.repeat(32),
}

const tokens: EntityKind = entityKind(
  {
    name: 'tokens',
    fields: {
      id: idField,
      token: { type: 'string', required: true },
      consumer: { type: 'foreign', reference: 'consumers', required: true, onRemove: 'cascade' },
    },
  },
  { prepare: (entity) => ({ ...entity, token: `hashed ${JSON.stringify(entity)}` }) },
)

const limiter = definePlugin({
  name: 'limiter',
  priority: 1,
  config: {
    fields: {
      minute: { type: 'number', gt: 0 },
      policy: { type: 'string', default: 'local', oneOf: ['local'] },
    },
    checks: [{ kind: 'at-least-one-of', fields: ['minute'] }],
  },
  kinds: [tokens],
})

const kinds = kongKinds([limiter])

function parse(text: string): DeclaredEntities {
  return parseDeclarative(text, { kinds, generate })
}

function faultOf(text: string): DeclarativeError {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof DeclarativeError) return error
    throw error
  }
  throw new Error(`no fault in ${text}`)
}

function idsOf(declared: DeclaredEntities): string[] {
  return [...declared.values()].flat().map(({ id }) => id)
}

const everything = `
_format_version: "1.1"
_comment: all that can be nested
_ignore: [x]
services:
- name: a
  url: http://b.example:81/path
  _comment: the first
  routes:
  - name: r
    paths: [/r]
    plugins:
    - name: limiter
      config: { minute: 1 }
  plugins:
  - name: limiter
    config: { minute: 2 }
consumers:
- username: ann
  tokens:
  - token: secret
  plugins:
  - name: limiter
    service: a
    config: { minute: 3 }
upstreams:
- name: up.example
  targets:
  - target: 10.0.0.1
    weight: 10
routes:
- hosts: [z.example]
  service: a
plugins:
- name: limiter
  route: { name: r }
  consumer: ann
  config: { minute: 4 }
`

describe('parseDeclarative', () => {
  it('takes nested entities out and lets them refer to what they were in', () => {
    const declared = parse(everything)
    const [service] = declared.get('services') ?? []
    const [consumer] = declared.get('consumers') ?? []
    const [first, second] = declared.get('routes') ?? []
    const [upstream] = declared.get('upstreams') ?? []
    expect(service).toMatchObject({
      name: 'a',
      host: 'b.example',
      port: 81,
      path: '/path',
      retries: 5,
      created_at: 1_550_000_000,
    })
    expect(first).toMatchObject({ name: 'r', service: { id: service?.id } })
    expect(second).toMatchObject({ hosts: ['z.example'], service: { id: service?.id } })
    expect(declared.get('plugins')).toMatchObject([
      { config: { minute: 1, policy: 'local' }, route: { id: first?.id }, service: null },
      { config: { minute: 2 }, service: { id: service?.id } },
      { config: { minute: 3 }, service: { id: service?.id }, consumer: { id: consumer?.id } },
      { config: { minute: 4 }, route: { id: first?.id }, consumer: { id: consumer?.id } },
    ])
    expect(declared.get('tokens')).toMatchObject([
      {
        token: expect.stringMatching(/^hashed \{.*"token":"secret"/),
        consumer: { id: consumer?.id },
      },
    ])
    expect(declared.get('targets')).toMatchObject([
      { target: '10.0.0.1:8000', weight: 10, upstream: { id: upstream?.id } },
    ])
  })

  it('gives the same ids each time, and different ones to different entities', () => {
    const ids = idsOf(parse(everything))
    expect(idsOf(parse(everything))).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
    const twins = '_format_version: "1.1"\nroutes: [{ paths: [/a] }, { paths: [/a] }]\n'
    expect(new Set(idsOf(parse(twins))).size).toBe(2)
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    }
  })

  it('keeps an id that is written, and finds what refers to it in either case', () => {
    const id = '1F0C7D4E-9a41-4c1b-8f3a-6b1f0c7d4e92'
    const declared = parse(
      `{"_format_version": "1.1", "services": [{"id": "${id}", "host": "h"}],
        "routes": [{"paths": ["/"], "service": "${id}"}, {"paths": ["/x"], "service": {"id": "${id.toLowerCase()}"}}]}`,
    )
    expect(declared.get('services')).toMatchObject([{ id: id.toLowerCase() }])
    expect(declared.get('routes')).toMatchObject([
      { service: { id: id.toLowerCase() } },
      { service: { id: id.toLowerCase() } },
    ])
  })

  it('case 78: lists every fault with its place', () => {
    expect(
      faultOf(`
services:
- name: a
  port: x
  routes:
  - paths: [/fine, bad]
- host: fine
- hots: h
  host: h
routes:
- paths: [/z]
  service: x
- {}
plugins:
- name: limiter
- name: nobody
foo: 1
`).message.split('\n'),
    ).toEqual([
      "in '_format_version': required field missing",
      "in 'foo': unknown field",
      "in 'services':",
      "  - in entry 1 of 'services':",
      "    in 'host': required field missing",
      "    in 'port': expected an integer",
      "    in 'routes':",
      "      - in entry 1 of 'routes':",
      "        in 'paths':",
      "          - in entry 2 of 'paths': should start with: /",
      "  - in entry 3 of 'services':",
      "    in 'hots': unknown field",
      "in 'routes':",
      "  - in entry 1 of 'routes':",
      "    in 'service': invalid reference 'service: x' (no such entry in 'services')",
      "  - in entry 2 of 'routes':",
      "    in '@entity':",
      "      - in entry 1 of '@entity': must set one of 'methods', 'hosts', 'paths' when 'protocols' is 'http' or 'https'",
      "in 'plugins':",
      "  - in entry 1 of 'plugins':",
      "    in '@entity':",
      "      - in entry 1 of '@entity': at least one of these fields must be non-empty: 'config.minute'",
      "  - in entry 2 of 'plugins':",
      "    in 'name': plugin 'nobody' not enabled; add it to the 'plugins' configuration property",
    ])
  })

  it('gives faults to programs in the shape of the document', () => {
    expect(faultOf('_format_version: "1.1"\nservices: [{host: h}, {}]').detail).toEqual({
      services: [null, { host: 'required field missing' }],
    })
    expect(faultOf('_format_version: 1.1').detail).toEqual({
      _format_version: 'expected a string',
    })
    expect(faultOf('_format_version: "2.0"').detail).toEqual({
      _format_version: 'value must be 1.1',
    })
    expect(faultOf('_format_version: "1.1"\nservices: 1\nroutes: [x]\n_comment: 1').detail).toEqual(
      {
        services: 'expected an array',
        routes: ['expected a record'],
        _comment: 'expected a string',
      },
    )
  })

  it('case 153: asks for a table when the text is none', () => {
    expect(faultOf('just a text').detail).toBe('expected a table as input')
    expect(faultOf('').detail).toBe('expected a table as input')
    expect(faultOf('- a').detail).toBe('expected a table as input')
    expect(faultOf('{').detail).toMatch(/^failed parsing declarative configuration: .*line 1/)
  })

  it('refuses two entities with one name or one id', () => {
    const services = '[{ name: a, host: h }, { name: a, host: i }]'
    expect(faultOf(`{ _format_version: "1.1", services: ${services} }`).detail).toMatchObject({
      services: [
        null,
        { name: "uniqueness violation: 'services' entity with name set to 'a' already declared" },
      ],
    })
  })

  it('refuses a parent that is named although the entity is written in another', () => {
    const text =
      '{ _format_version: "1.1", services: [{ host: h, routes: [{ service: x, paths: [/] }] }] }'
    expect(faultOf(text).detail).toEqual({
      services: [{ routes: [{ service: 'value must be null' }] }],
    })
  })

  it('throws nothing but its own error, whatever it is given', () => {
    assert(
      property(anything(), string(), (value, text) => {
        const field = { _format_version: '1.1', services: value, routes: [value] }
        for (const input of [text, `services: ${JSON.stringify(value)}`, field]) {
          try {
            parseDeclarative(input, { kinds, generate })
          } catch (error) {
            expect(error).toBeInstanceOf(DeclarativeError)
          }
        }
      }),
      { numRuns: 300 },
    )
    expect(faultOf('['.repeat(100_000)).detail).toMatch(/^failed parsing/)
    const bomb = Array.from(
      { length: 12 },
      (_, i) => `x${i}: &x${i} [*x${i - 1}, *x${i - 1}, *x${i - 1}]`,
    )
    expect(faultOf(`x: &x-1 [1]\n${bomb.join('\n')}`.replaceAll('x-1', 'y')).detail).toBeDefined()
  })
})

describe('renderDeclarative', () => {
  it('writes what parseDeclarative reads back to the same entities, hashes included', () => {
    const declared = parse(everything)
    const text = renderDeclarative(kinds, declared)
    expect(parse(text)).toEqual(declared)
    // The control: without the mark of the file the token would be hashed again.
    expect(parse(text.replace('_transform: false\n', ''))).not.toEqual(declared)
  })
})
