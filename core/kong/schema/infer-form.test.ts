import { expect, it } from 'vitest'
import type { Fields } from './field.ts'
import { inferForm } from './infer-form.ts'

const fields: Fields = {
  age: { type: 'integer' },
  rate: { type: 'number' },
  has_license: { type: 'boolean' },
  aliases: { type: 'set', elements: { type: 'string' } },
  ports: { type: 'array', elements: { type: 'integer' } },
  comments: { type: 'string' },
  ends: { type: 'set', elements: { type: 'record', fields: { port: { type: 'integer' } } } },
  limits: { type: 'map', keys: { type: 'string' }, values: { type: 'integer' } },
  config: { type: 'record', fields: { on: { type: 'boolean' } } },
}

it.each([
  ['case 154: a number', { age: '45' }, { age: 45 }],
  ['case 154: a boolean', { has_license: 'true' }, { has_license: true }],
  ['case 154: a list', { aliases: ['x'] }, { aliases: ['x'] }],
  ['case 154: nothing', { comments: '' }, { comments: null }],
  ['a lone value for a list', { aliases: 'x' }, { aliases: ['x'] }],
  ['the elements of a list', { ports: ['1', '0x10'] }, { ports: [1, 16] }],
  ['a fraction', { rate: '1.5e1' }, { rate: 15 }],
  ['records in a list', { ends: [{ port: '1' }] }, { ends: [{ port: 1 }] }],
  ['a record where a list belongs, as it is', { ends: { port: '1' } }, { ends: { port: '1' } }],
  ['the values of a map', { limits: { a: '1' } }, { limits: { a: 1 } }],
  ['the fields of a record', { config: { on: 'false' } }, { config: { on: false } }],
  [
    'what does not fit, as it is',
    { age: '4x', has_license: 'yes' },
    { age: '4x', has_license: 'yes' },
  ],
  ['an unknown field, as it is', { bogus: '' }, { bogus: '' }],
])('infers %s', (_what, form, value) => {
  expect({ ...inferForm({ fields }, form) }).toEqual(value)
})
