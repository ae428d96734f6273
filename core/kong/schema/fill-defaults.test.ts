import { describe, expect, it } from 'vitest'
import { fillDefaults, type Generate } from './fill-defaults.ts'
import type { Fields } from './field.ts'
import { mergeEntity } from './merge-entity.ts'

const generate: Generate = {
  now: () => 1_500_000_000_900,
  uuid: () => 'new-uuid',
  secret: () => 'new-secret',
}

const fields: Fields = {
  id: { type: 'string', uuid: true, auto: 'uuid' },
  created_at: { type: 'integer', auto: 'created' },
  updated_at: { type: 'number', auto: 'updated' },
  key: { type: 'string', auto: 'random' },
  retries: { type: 'integer', default: 5, required: true },
  host: { type: 'string', required: true },
  tags: { type: 'set', elements: { type: 'string' } },
  ends: {
    type: 'set',
    elements: { type: 'record', fields: { ip: { type: 'string' }, port: { type: 'integer' } } },
  },
  config: {
    type: 'record',
    required: true,
    fields: { limit: { type: 'integer', default: 3 }, by: { type: 'string' } },
  },
  service: { type: 'foreign', reference: 'services' },
}

describe('filling in', () => {
  it('gives a new entity every field but those that are required and have no default', () => {
    const filled = fillDefaults({ fields }, {}, 'create', generate)
    expect(Object.entries(filled)).toEqual([
      ['retries', 5],
      ['tags', null],
      ['ends', null],
      ['config', { limit: 3, by: null }],
      ['service', null],
      ['id', 'new-uuid'],
      ['created_at', 1_500_000_000],
      ['updated_at', 1_500_000_000.9],
      ['key', 'new-secret'],
    ])
  })

  it('keeps what is given, but for the time of the update', () => {
    const given = { id: 'ABC', created_at: 7, updated_at: 7, key: 'k', host: 'h' }
    expect(fillDefaults({ fields }, given, 'create', generate)).toMatchObject({
      id: 'abc',
      created_at: 7,
      updated_at: 1_500_000_000.9,
      key: 'k',
    })
  })

  it('completes the elements of a list and drops what a set has twice', () => {
    const given = { tags: ['a', 'b', 'a'], ends: [{ ip: 'x' }], service: { id: 'AB', name: 'n' } }
    expect(fillDefaults({ fields }, given, 'create', generate)).toMatchObject({
      tags: ['a', 'b'],
      ends: [{ ip: 'x', port: null }],
      service: { id: 'ab' },
    })
  })

  it('adds nothing to a change but its time', () => {
    const change = fillDefaults({ fields }, { config: { by: 'ip' } }, 'update', generate)
    expect({ ...change }).toEqual({ config: { by: 'ip' }, updated_at: 1_500_000_000.9 })
  })

  it('completes what an earlier version stored', () => {
    const stored = { id: 'i', created_at: 1, retries: null, config: { limit: 9 } }
    expect({ ...fillDefaults({ fields }, stored, 'load', generate) }).toEqual({
      id: 'i',
      created_at: 1,
      retries: 5,
      tags: null,
      ends: null,
      config: { limit: 9, by: null },
      service: null,
    })
  })

  it('leaves wrong values and unknown fields for others to judge', () => {
    const given = { tags: 'x', config: 1, service: 'x', bogus: true }
    expect(fillDefaults({ fields }, given, 'create', generate)).toMatchObject(given)
  })
})

describe('merging', () => {
  it('goes into records, and replaces lists and nulls', () => {
    const entity = { host: 'a', tags: ['x'], config: { limit: 1, by: 'ip' }, service: { id: 's' } }
    const change = { tags: ['y'], config: { by: null }, service: null }
    expect({ ...mergeEntity({ fields }, change, entity) }).toEqual({
      host: 'a',
      tags: ['y'],
      config: { limit: 1, by: null },
      service: null,
    })
  })
})
