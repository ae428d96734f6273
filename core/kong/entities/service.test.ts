import { describe, expect, it } from 'vitest'
import { expandShorthands } from '#core/kong/schema/expand-shorthands.ts'
import { fillDefaults } from '#core/kong/schema/fill-defaults.ts'
import type { Faults } from '#core/kong/schema/faults.ts'
import { validate } from '#core/kong/schema/validate.ts'
import { services } from './service.ts'

const generate = {
  now: () => 1000,
  uuid: () => '0190c0de-0000-4000-8000-000000000001',
  secret: () => '',
}

function complete(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return fillDefaults(services.schema, expandShorthands(services.schema, input), 'create', generate)
}

function faultsOf(input: Readonly<Record<string, unknown>>): Faults | undefined {
  return validate(services.schema, complete(input))
}

describe('a Service', () => {
  it('has these fields and defaults', () => {
    expect({ ...complete({ host: 'h' }) }).toEqual({
      id: generate.uuid(),
      created_at: 1,
      updated_at: 1,
      name: null,
      retries: 5,
      protocol: 'http',
      host: 'h',
      port: 80,
      path: null,
      connect_timeout: 60_000,
      write_timeout: 60_000,
      read_timeout: 60_000,
      tags: null,
    })
  })

  it.each([
    ['tcp://127.0.0.5:19000', { protocol: 'tcp', host: '127.0.0.5', port: 19_000, path: null }],
    [
      'case 92: https://service.com/',
      { protocol: 'https', host: 'service.com', port: 443, path: '/' },
    ],
    ['http://h', { protocol: 'http', host: 'h', port: 80, path: null }],
    ['tls://h', { protocol: 'tls', host: 'h', port: 1, path: null }],
    ['http://u:p@[::1]:8080/a/b?c#d', { host: '::1', port: 8080, path: '/a/b' }],
  ])('takes its url apart: %s', (title, parts) => {
    const url = title.replace(/^case \d+: /, '')
    const input = { url, port: 1, path: '/other' }
    expect(complete(input)).toMatchObject(parts)
    expect(faultsOf(input)).toBeUndefined()
  })

  it.each([
    ['', { host: 'required field missing' }],
    [null, { host: 'required field missing' }],
    [' ', { host: 'required field missing', path: 'should start with: /' }],
    ['invalid url', { host: 'required field missing', path: 'should start with: /' }],
    [1, { host: 'required field missing', path: 'should start with: /' }],
    [
      'ftp://h:x',
      { protocol: 'expected one of: http, https, tcp, tls', port: 'expected an integer' },
    ],
  ])('cases 93, 94: refuses the url %j', (url, faults) => {
    expect(faultsOf({ url })).toEqual(faults)
  })

  it.each<readonly [string, Readonly<Record<string, unknown>>, string]>([
    ['case 105', { connect_timeout: 0 }, 'value should be between 1 and 2147483646'],
    ['case 105', { read_timeout: -1 }, 'value should be between 1 and 2147483646'],
    ['case 106', { host: 'example.com:80' }, 'must not have a port'],
    ['case 106', { host: '127.0.0.1:80' }, 'must not have a port'],
    ...[
      '/example',
      '.example',
      'example.',
      'mock;bin',
      'example-.org',
      'a..b',
      '1.2.3',
      ':::1',
    ].map((host) => ['case 106', { host }, `invalid value: ${host}`] as const),
    [
      'a name',
      { name: 'a b' },
      "invalid value 'a b': it must only contain alphanumeric and '., -, _, ~' characters",
    ],
    ['retries', { retries: 32_768 }, 'value should be between 0 and 32767'],
    ['a port', { port: 65_536 }, 'value should be between 0 and 65535'],
    ['a path', { path: '/a//b' }, 'must not have empty segments'],
    [
      'a path',
      { path: '/a b' },
      "invalid path: '/a b' (characters outside of the reserved list of RFC 3986 found)",
    ],
    ['a path', { path: '/some%2words' }, "invalid url-encoded value: '%2w'"],
  ])('%s: %j is refused', (_case, input, fault) => {
    const [field = ''] = Object.keys(input)
    expect(faultsOf({ host: 'h', ...input })).toEqual({ [field]: fault })
  })

  it.each(['example.com', 'a_b', 'localhost', '127.0.0.1', '::1', '[::1]', 'xn--mnchen-3ya.de'])(
    'accepts the host %s',
    (host) => {
      expect(faultsOf({ host })).toBeUndefined()
    },
  )

  it.each(['tcp', 'tls'])('of %s has no path', (protocol) => {
    expect(faultsOf({ host: 'h', protocol })).toBeUndefined()
    expect(faultsOf({ host: 'h', protocol, path: '/' })).toEqual({
      path: 'value must be null',
      '@entity': ["failed conditional validation given value of field 'protocol'"],
    })
  })
})
