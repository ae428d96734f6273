import { describe, expect, it } from 'vitest'
import { parseRequestTarget } from './request-target.ts'
import { Router } from './router.ts'

const paths = ['/', '/services', '/services/:key', '/services/:parent/routes', '/services/enabled']
const router = new Router(paths.map((path) => ({ path, handlers: {} })))

function find(target: string): unknown {
  const segments = parseRequestTarget(target)?.segments
  const found = segments && router.find(segments)
  return found && [found.endpoint.path, found.parameters]
}

describe('a request target', () => {
  it.each([
    ['/', ['/', {}]],
    ['', ['/', {}]],
    ['*', undefined],
    ['/services', ['/services', {}]],
    ['/services/', ['/services', {}]],
    ['//services//?x', ['/services', {}]],
    ['http://host:1/services#x', ['/services', {}]],
    ['/services/a', ['/services/:key', { key: 'a' }]],
    ['/services/a%2Fb%20c', ['/services/:key', { key: 'a/b c' }]],
    ['/services/__proto__', ['/services/:key', { key: '__proto__' }]],
    ['/services/enabled', ['/services/enabled', {}]],
    ['/services/enabled/routes', ['/services/:parent/routes', { parent: 'enabled' }]],
    ['/services/a/../b/./routes', ['/services/:parent/routes', { parent: 'b' }]],
    ['/services/a/b', undefined],
    ['/service', undefined],
    ['/../services', undefined],
    ['/services/%', undefined],
  ])('%s leads to %j', (target, expected) => {
    expect(find(target)).toEqual(expected)
  })

  it('has arguments, of which the first of each name counts', () => {
    const { query } = parseRequestTarget('/services?size=1&size=2&offset=a%3D&tags') ?? {}
    expect([...(query ?? [])]).toEqual([
      ['size', '1'],
      ['offset', 'a='],
      ['tags', ''],
    ])
  })
})
