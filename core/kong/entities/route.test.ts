import { describe, expect, it } from 'vitest'
import { fillDefaults } from '#core/kong/schema/fill-defaults.ts'
import type { Faults } from '#core/kong/schema/faults.ts'
import { validate } from '#core/kong/schema/validate.ts'
import { routes } from './route.ts'

const generate = {
  now: () => 1000,
  uuid: () => '0190c0de-0000-4000-8000-000000000001',
  secret: () => '',
}

function faultsOf(input: Readonly<Record<string, unknown>>): Faults | undefined {
  return validate(routes.schema, fillDefaults(routes.schema, input, 'create', generate))
}

const http = "when 'protocols' is 'http' or 'https'"
const stream = "when 'protocols' is 'tcp' or 'tls'"

describe('a Route', () => {
  it('has these fields and defaults', () => {
    const filled = fillDefaults(routes.schema, { hosts: ['h'] }, 'create', generate)
    expect({ ...filled }).toEqual({
      id: generate.uuid(),
      created_at: 1,
      updated_at: 1,
      name: null,
      protocols: ['http', 'https'],
      methods: null,
      hosts: ['h'],
      paths: null,
      regex_priority: 0,
      strip_path: true,
      preserve_host: false,
      snis: null,
      sources: null,
      destinations: null,
      tags: null,
      service: null,
    })
  })

  it('of http or https matches on methods, hosts or paths, and on nothing else', () => {
    const needed = `must set one of 'methods', 'hosts', 'paths' ${http}`
    expect(faultsOf({})).toEqual({ '@entity': [needed] })
    expect(faultsOf({ protocols: ['https'], hosts: [], paths: null })).toEqual({
      '@entity': [needed],
    })
    expect(faultsOf({ methods: ['GET'], snis: [] })).toBeUndefined()
    expect(faultsOf({ hosts: ['a'], snis: ['b'], destinations: [{ port: 1 }] })).toEqual({
      snis: 'length must be 0',
      destinations: 'length must be 0',
      '@entity': [`cannot set 'snis' ${http}`, `cannot set 'destinations' ${http}`],
    })
  })

  it('cases 125, 127: of tcp or tls matches on sources, destinations or snis, and on nothing else', () => {
    expect(faultsOf({ protocols: ['tcp'], sources: [{ ip: '127.0.0.1' }] })).toBeUndefined()
    expect(faultsOf({ protocols: ['tls', 'tcp'], snis: ['a.b'] })).toBeUndefined()
    expect(faultsOf({ protocols: ['tls'] })).toEqual({
      '@entity': [`must set one of 'sources', 'destinations', 'snis' ${stream}`],
    })
    expect(faultsOf({ protocols: ['tcp'], snis: ['a'], paths: ['/'], methods: ['GET'] })).toEqual({
      methods: 'length must be 0',
      paths: 'length must be 0',
      '@entity': [`cannot set 'methods' ${stream}`, `cannot set 'paths' ${stream}`],
    })
  })

  it('of both families may match on anything', () => {
    expect(faultsOf({ protocols: ['http', 'tcp'] })).toBeUndefined()
    expect(faultsOf({ protocols: ['http', 'tcp'], hosts: ['a'], snis: ['b'] })).toBeUndefined()
  })

  it('has at least one protocol, and only those that are known', () => {
    expect(faultsOf({ protocols: [], hosts: ['a'] })).toMatchObject({
      protocols: 'length must be at least 1',
    })
    expect(faultsOf({ protocols: ['http', 'ws'], hosts: ['a'] })).toEqual({
      protocols: [null, 'expected one of: http, https, tcp, tls'],
    })
  })

  it('cases 129, 130: keeps the position of a bad source', () => {
    const sources = [{ ip: '127.0.0.1' }, { ip: '127.0.0.1', port: 65_536 }, {}]
    expect(faultsOf({ protocols: ['tcp'], sources })).toEqual({
      sources: [
        null,
        { port: 'value should be between 0 and 65535' },
        { '@entity': ["at least one of these fields must be non-empty: 'ip', 'port'"] },
      ],
    })
    for (const ip of ['127.', ':::1', '1', 'f', 'example.org', '::1']) {
      expect(faultsOf({ protocols: ['tcp'], sources: [{ ip }] })).toEqual({
        sources: [{ ip: 'invalid cidr range: Invalid IP' }],
      })
    }
    for (const ip of ['10.0.0.0/8', '0.0.0.0/0', '10.1.2.3']) {
      expect(faultsOf({ protocols: ['tcp'], sources: [{ ip }] })).toBeUndefined()
    }
    expect(faultsOf({ protocols: ['tcp'], sources: [{ ip: '10.0.0.0/33' }] })).toEqual({
      sources: [{ ip: 'invalid cidr range: Invalid prefix: /33' }],
    })
  })

  it.each([
    ['127.0.0.1', 'must not be an IP'],
    ['::1', 'must not be an IP'],
    ['example.org:80', 'must not have a port'],
    ['*.example.org', 'invalid value: *.example.org'],
  ])('case 131: refuses the server name %s', (name, fault) => {
    expect(faultsOf({ protocols: ['tls'], snis: ['example.org', name] })).toEqual({
      snis: [null, fault],
    })
  })

  it.each([
    ['*example.com', 'invalid wildcard: must be placed at leftmost or rightmost label'],
    ['www.example*', 'invalid wildcard: must be placed at leftmost or rightmost label'],
    ['mock*bin.com', 'invalid wildcard: must be placed at leftmost or rightmost label'],
    ['*.example.*', 'invalid wildcard: must have at most one wildcard'],
    ['**.example.com', 'invalid wildcard: must have at most one wildcard'],
    ['a,b', 'invalid value: a,b'],
    ['*.a,b', 'invalid value: *.a,b'],
    ['a:80', 'must not have a port'],
    ['*.a:80', 'must not have a port'],
  ])('case 132: refuses the host %s', (host, fault) => {
    expect(faultsOf({ hosts: [host] })).toEqual({ hosts: [fault] })
  })

  it.each(['*.example.com', 'example.*', '127.0.0.5', '::1'])('accepts the host %s', (host) => {
    expect(faultsOf({ hosts: [host] })).toBeUndefined()
  })

  it.each([
    ['foo', 'should start with: /'],
    ['/foo//bar', 'must not have empty segments'],
    [
      '/users/(foo/profile',
      `invalid regex: '/users/(foo/profile' (PCRE returned: pcre_compile() failed: missing ) in "/users/(foo/profile")`,
    ],
    ['/some%2words', "invalid url-encoded value: '%2w'"],
  ])('case 133: refuses the path %s', (path, fault) => {
    expect(faultsOf({ paths: [path] })).toEqual({ paths: [fault] })
  })

  it.each(['/', '/a/b~c%20', String.raw`/users/\d+/profile`, '/a|/b'])(
    'accepts the path %s',
    (path) => {
      expect(faultsOf({ paths: [path] })).toBeUndefined()
    },
  )

  it('case 134: has methods in capitals', () => {
    expect(faultsOf({ methods: ['GET', 'get'] })).toEqual({ methods: [null, 'invalid value: get'] })
  })

  it('case 116: has an integer as priority', () => {
    expect(faultsOf({ hosts: ['a'], regex_priority: 'foobar' })).toEqual({
      regex_priority: 'expected an integer',
    })
  })
})
