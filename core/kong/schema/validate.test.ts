import { describe, expect, it } from 'vitest'
import type { EntityCheck, Field, Fields } from './field.ts'
import { type Faults, renderSchemaViolation } from './faults.ts'
import { plainRecord } from './plain-record.ts'
import { validate, validateField } from './validate.ts'

describe('a value', () => {
  it.each<readonly [Field, unknown, unknown]>([
    [{ type: 'string' }, 1, 'expected a string'],
    [{ type: 'string' }, '', 'length must be at least 1'],
    [{ type: 'string', lenMin: 0 }, '', undefined],
    [{ type: 'string', lenMax: 2 }, 'abc', 'length must be at most 2'],
    [{ type: 'string', lenEq: 2 }, 'é', undefined],
    [{ type: 'string', oneOf: ['a', 'b'] }, 'c', 'expected one of: a, b'],
    [{ type: 'string', uuid: true }, 'x', 'expected a valid UUID'],
    [{ type: 'string', uuid: true }, '0190C0DE-0000-4000-8000-00000000000A', undefined],
    [{ type: 'string', startsWith: '/' }, 'a', 'should start with: /'],
    [{ type: 'string', match: /^[A-Z]+$/ }, 'get', 'invalid value: get'],
    [{ type: 'string', notMatch: /x/ }, 'x', 'invalid value: x'],
    [{ type: 'string', matchNone: [{ pattern: /x/, fault: 'no x' }] }, 'x', 'no x'],
    [{ type: 'string', matchAll: [{ pattern: /x/, fault: 'some x' }] }, 'y', 'some x'],
    [{ type: 'string', matchAny: { patterns: [/x/, /y/], fault: 'x or y' } }, 'z', 'x or y'],
    [{ type: 'string', check: (text) => `not ${text}` }, 'z', 'not z'],
    [{ type: 'string', eq: null }, 'z', 'value must be null'],
    [{ type: 'string', eq: null }, null, undefined],
    [{ type: 'string', required: true }, null, 'required field missing'],
    [{ type: 'string' }, null, undefined],
    [{ type: 'number' }, '1', 'expected a number'],
    [{ type: 'number', gt: 0 }, 0, 'value must be greater than 0'],
    [{ type: 'integer' }, 1.5, 'expected an integer'],
    [{ type: 'integer', between: [1, 3] }, 4, 'value should be between 1 and 3'],
    [{ type: 'integer', timestamp: true }, 0, 'expected a valid timestamp'],
    [{ type: 'integer', oneOf: [1, 2] }, 3, 'expected one of: 1, 2'],
    [{ type: 'boolean' }, 'true', 'expected a boolean'],
    [{ type: 'array', elements: { type: 'string' } }, {}, 'expected an array'],
    [{ type: 'set', elements: { type: 'string' } }, 'x', 'expected a set'],
    [{ type: 'set', elements: { type: 'string' }, lenMin: 1 }, [], 'length must be at least 1'],
    [
      { type: 'array', elements: { type: 'string' } },
      ['a', null],
      [null, 'required field missing'],
    ],
    [
      { type: 'array', elements: { type: 'string' }, contains: 'x' },
      ['a'],
      'expected to contain: x',
    ],
    [{ type: 'map', keys: { type: 'string' }, values: { type: 'integer' } }, [], 'expected a map'],
    [
      { type: 'map', keys: { type: 'string' }, values: { type: 'integer' } },
      { a: 1, b: 'x' },
      { b: 'expected an integer' },
    ],
    [{ type: 'record', fields: {} }, 'x', 'expected a record'],
    [{ type: 'record', fields: {} }, { x: 1 }, { x: 'unknown field' }],
    [{ type: 'foreign', reference: 'services' }, 'x', { id: 'missing primary key' }],
    [{ type: 'foreign', reference: 'services' }, { id: 'x' }, { id: 'expected a valid UUID' }],
  ])('%j judges %j as %j', (field, value, fault) => {
    expect(validateField(field, value)).toEqual(fault)
  })
})

const fields: Fields = {
  policy: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'integer' },
  config: { type: 'record', fields: { limit: { type: 'integer', between: [1, 9] } } },
}

function faultsOf(
  entity: Readonly<Record<string, unknown>>,
  check: EntityCheck,
  updating = false,
): Faults | undefined {
  return validate({ fields, checks: [check] }, entity, { updating })
}

describe('a rule over several fields', () => {
  it('asks for at least one of them, and says when that happens on an update', () => {
    const check: EntityCheck = { kind: 'at-least-one-of', fields: ['host', 'config.limit'] }
    expect(faultsOf({ config: { limit: 1 } }, check)).toBeUndefined()
    expect(faultsOf({}, check)).toEqual({
      '@entity': ["at least one of these fields must be non-empty: 'host', 'config.limit'"],
    })
    expect(faultsOf({}, check, true)).toEqual({
      '@entity': [
        "when updating, at least one of these fields must be non-empty: 'host', 'config.limit'",
      ],
    })
  })

  it('asks for exactly one of them', () => {
    const check: EntityCheck = { kind: 'only-one-of', fields: ['host', 'port'] }
    const fault = { '@entity': ["only one of these fields must be non-empty: 'host', 'port'"] }
    expect(faultsOf({ host: 'a' }, check)).toBeUndefined()
    expect(faultsOf({ host: 'a', port: 1 }, check)).toEqual(fault)
    expect(faultsOf({ host: null, port: null }, check)).toEqual(fault)
  })

  it('asks for distinct values', () => {
    const check: EntityCheck = { kind: 'distinct', fields: ['host', 'policy'] }
    expect(faultsOf({ host: 'a', policy: 'b' }, check)).toBeUndefined()
    expect(faultsOf({ host: null, policy: null }, check)).toBeUndefined()
    expect(faultsOf({ host: 'a', policy: 'a' }, check)).toEqual({
      '@entity': ["values of these fields must be distinct: 'host', 'policy'"],
    })
  })

  it('holds only under its condition, and blames the field as well', () => {
    const check: EntityCheck = {
      kind: 'conditional',
      ifField: 'policy',
      ifMatch: { eq: 'redis' },
      thenField: 'config.limit',
      thenMatch: { required: true },
    }
    expect(faultsOf({ policy: 'local' }, check)).toBeUndefined()
    expect(faultsOf({ policy: 'redis', config: { limit: 2 } }, check)).toBeUndefined()
    expect(faultsOf({ policy: 'redis', config: {} }, check)).toEqual({
      '@entity': ["failed conditional validation given value of field 'policy'"],
      config: { limit: 'required field missing' },
    })
  })

  it('is not asked of fields that are wrong by themselves when it is a custom one', () => {
    const check: EntityCheck = { kind: 'custom', fields: ['port'], check: () => 'never' }
    expect(faultsOf({ port: 'x' }, check)).toEqual({ port: 'expected an integer' })
    expect(faultsOf({ port: 1 }, check)).toEqual({ '@entity': ['never'] })
    const deep: EntityCheck = { kind: 'custom', fields: ['config.limit'], check: () => 'never' }
    expect(faultsOf({ config: { limit: 'x' } }, deep)).toEqual({
      config: { limit: 'expected an integer' },
    })
    expect(faultsOf({ config: { limit: 2 } }, { ...deep, blame: 'config' })).toEqual({
      config: 'never',
    })
  })
})

describe('a sentence of faults', () => {
  it('has the whole first, then fields by name with their paths', () => {
    expect(renderSchemaViolation({ port: 'bad' })).toBe('schema violation (port: bad)')
    const faults = {
      zone: 'z',
      config: { minute: 'm' },
      list: [null, 'second', { ip: 'third' }],
      '@entity': ['whole', 'too'],
    }
    expect(renderSchemaViolation(faults)).toBe(
      '6 schema violations (whole; too; config.minute: m; list.2: second; list.3.ip: third; zone: z)',
    )
  })
})

describe('odd names', () => {
  it('are unknown fields like any other', () => {
    const entity = plainRecord([
      ['__proto__', 1],
      ['a.b', 2],
      ['constructor', 3],
    ])
    const faults = validate({ fields: {} }, entity)
    expect(Object.entries(faults ?? {})).toEqual([
      ['__proto__', 'unknown field'],
      ['a.b', 'unknown field'],
      ['constructor', 'unknown field'],
    ])
  })
})

describe('a schema with variants', () => {
  const base = { kind: { type: 'string', required: true } } as const
  const schema = {
    fields: base,
    variantOf: ({ kind }: Readonly<Record<string, unknown>>) =>
      kind === 'a'
        ? { fields: { ...base, size: { type: 'integer', required: true } } as const }
        : { fields: base, faults: { kind: 'no such kind' } },
  }

  it('judges an entity by its own', () => {
    expect(validate(schema, { kind: 'a', size: 1 })).toBeUndefined()
    expect(validate(schema, { kind: 'a' })).toEqual({ size: 'required field missing' })
  })

  it('says nothing more when there is none', () => {
    expect(validate(schema, { kind: 'b', size: 'x', other: 1 })).toEqual({ kind: 'no such kind' })
  })
})

it('a list is refused for its length before its elements are looked at', () => {
  let looked = 0
  const elements: Field = { type: 'string', check: () => void (looked += 1) }
  const list = Array.from({ length: 10_001 }, () => 'a')
  expect(validateField({ type: 'array', elements }, list)).toBe('length must be at most 10000')
  expect(looked).toBe(0)
  expect(validateField({ type: 'array', elements }, list.slice(1))).toBeUndefined()
  expect(looked).toBe(10_000)
})
