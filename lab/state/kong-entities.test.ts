import { describe, expect, it } from 'vitest'
import { chooseChanges, parseEntity, type Entity } from './kong-entities.ts'

const service = parseEntity('services', { id: 's', name: 'hello', host: 'a', updated_at: 1 })
const route = parseEntity('routes', { id: 'r', service: { id: 's' }, hosts: ['a'], created_at: 1 })
const wanted = [service, route]

function told(present: readonly Entity[]): readonly string[] {
  return chooseChanges(wanted, present).map(({ method, path }) => `${method} ${path}`)
}

describe(chooseChanges, () => {
  it('finds nothing to do where times alone differ, or the order of fields', () => {
    const later = parseEntity('services', { updated_at: 2, host: 'a', name: 'hello', id: 's' })
    expect(told([later, route])).toStrictEqual([])
  })

  it('brings a service back before its route', () => {
    expect(told([])).toStrictEqual(['PUT /services/s', 'PUT /routes/r'])
  })

  it('writes what was changed as it was, without times', () => {
    const changed = parseEntity('services', { ...service.fields, host: 'b' })
    expect(chooseChanges(wanted, [changed, route])).toMatchObject([
      { method: 'PUT', path: '/services/s', body: { id: 's', name: 'hello', host: 'a' } },
    ])
  })

  it('removes what refers before what is referred to, and both before names are taken again', () => {
    const another = [
      parseEntity('services', { id: 's2', name: 'hello' }),
      parseEntity('routes', { id: 'r2', service: { id: 's2' } }),
      parseEntity('plugins', { id: 'p', name: 'key-auth', route: { id: 'r2' } }),
    ]
    expect(told(another)).toStrictEqual([
      'DELETE /plugins/p',
      'DELETE /routes/r2',
      'DELETE /services/s2',
      'PUT /services/s',
      'PUT /routes/r',
    ])
  })
})
