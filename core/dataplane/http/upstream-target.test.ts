import { describe, expect, it } from 'vitest'
import { RequestHeadReader, type RequestHead } from '#core/codec/http1-request-head.ts'
import { testRoute, type TestRoute } from './open-test-proxy.ts'
import {
  chooseUpstreamTarget,
  connectionKey,
  nameAt,
  type UpstreamTarget,
} from './upstream-target.ts'

function request(target: string, host?: string): RequestHead {
  const reader = new RequestHeadReader({ maxHeadBytes: 4096, maxLineBytes: 1024 })
  const lines =
    host === undefined
      ? `GET ${target} HTTP/1.0\r\n`
      : `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n`
  reader.read(Buffer.from(`${lines}\r\n`), 0)
  return reader.take()!
}

const destination = { address: '10.0.0.5', port: 18000 }

function chosen(route: TestRoute, head: RequestHead, encrypted = false): UpstreamTarget {
  return chooseUpstreamTarget(testRoute(route), head, { encrypted, destination })
}

describe('a service', () => {
  it.each([
    ['s', 80, 'plain', 's', undefined],
    ['s', 81, 'plain', 's:81', undefined],
    ['s', 443, 'tls', 's', 's'],
    ['s', 80, 'tls', 's:80', 's'],
    ['10.0.0.1', 443, 'tls', '10.0.0.1', undefined],
    ['::1', 8443, 'tls', '[::1]:8443', undefined],
  ] as const)(
    'at %s port %i by %s is called %s and greeted with the name %s',
    (host, port, transport, hostHeader, serverName) => {
      const target = chosen(
        { upstream: { target: { host, port }, transport } },
        request('/', 'client'),
      )
      expect(target).toMatchObject({ host, port, tls: transport === 'tls', hostHeader, serverName })
    },
  )

  it('is called what the client called it when the host is preserved', () => {
    const route = {
      forward: { preserveHost: true },
      upstream: { target: { host: 's', port: 443 }, transport: 'tls' },
    } as const
    expect(chosen(route, request('/', 'Preserved.com:123'))).toMatchObject({
      host: 's',
      hostHeader: 'Preserved.com:123',
      serverName: 'Preserved.com',
    })
    expect(chosen(route, request('/', '10.1.1.1'))).toMatchObject({
      hostHeader: '10.1.1.1',
      serverName: undefined,
    })
    expect(chosen(route, request('/'))).toMatchObject({ hostHeader: 's' })
  })
})

const identity = { certificate: 'c', privateKey: 'k' }
const anywhere = { address: '10.0.0.1', port: 443, targetHost: undefined }

function keyOf(
  upstream: TestRoute['upstream'],
  forward: TestRoute['forward'] = {},
  address = anywhere,
): string {
  const target = chosen(
    { forward, upstream: { target: { host: 's', port: 443 }, transport: 'tls', ...upstream } },
    request('/', 'h'),
  )
  return connectionKey(target, address, nameAt(target, address))
}

describe('connections are shared', () => {
  it('by routes with the same address, encryption, name, source and identity', () => {
    expect(keyOf({ identity })).toBe(keyOf({ identity, readTimeoutMs: 1 }))
    expect(keyOf({ transport: 'plain' })).toBe(
      keyOf({ transport: 'plain', target: { host: 't', port: 443 } }),
    )
  })

  it.each<[string, TestRoute['upstream'], TestRoute['forward']]>([
    ['server name', { target: { host: 't', port: 443 } }, {}],
    ['encryption', { transport: 'plain' }, {}],
    ['server name of the client', {}, { preserveHost: true }],
    ['source', { source: { address: '127.0.0.3', transparent: false } }, {}],
    ['transparency', { source: { address: '127.0.0.3', transparent: true } }, {}],
    ['identity', { identity }, {}],
  ])('but not with another %s', (_what, upstream, forward) => {
    expect(keyOf(upstream, forward)).not.toBe(keyOf({}))
  })

  it('but not with another address or port', () => {
    const keys = [anywhere, { ...anywhere, address: '10.0.0.2' }, { ...anywhere, port: 444 }].map(
      (address) => keyOf({ transport: 'plain' }, {}, address),
    )
    expect(new Set(keys).size).toBe(3)
  })
})

describe('an upstream whose address is chosen for it', () => {
  const pool = { upstream: { target: { host: 'pool', port: 443 }, transport: 'tls' } } as const

  it.each([
    ['is called by the host', { targetHost: undefined, port: 443 }, 'pool', 'pool'],
    ['is called by the port', { targetHost: undefined, port: 8443 }, 'pool:8443', 'pool'],
    [
      'is called by the target',
      { targetHost: 'one.test', port: 8443 },
      'one.test:8443',
      'one.test',
    ],
    ['is called by an address', { targetHost: '10.0.0.1', port: 443 }, '10.0.0.1', undefined],
    ['is called by an IPv6 address', { targetHost: '::1', port: 81 }, '[::1]:81', undefined],
  ])('%s that was chosen', (_how, address, hostHeader, serverName) => {
    expect(nameAt(chosen(pool, request('/', 'client')), address)).toMatchObject({
      hostHeader,
      serverName,
    })
  })

  it('keeps the name that the client gave it, or a filter', () => {
    const address = { targetHost: 'one.test', port: 1 }
    const preserving = { ...pool, forward: { preserveHost: true } }
    expect(nameAt(chosen(preserving, request('/', 'client')), address)).toMatchObject({
      hostHeader: 'client',
      serverName: 'client',
    })
    const renamed = chooseUpstreamTarget(
      testRoute(pool),
      request('/', 'client'),
      { encrypted: false, destination },
      { target: undefined, hostHeader: 'other:1' },
    )
    expect(nameAt(renamed, address)).toMatchObject({ hostHeader: 'other:1', serverName: 'other' })
  })
})

it('a filter sends a request elsewhere, whatever the route says', () => {
  const elsewhere = { host: 't', port: 80, tls: false }
  const target = chooseUpstreamTarget(
    testRoute({ upstream: { target: { host: 's', port: 443 }, transport: 'tls' } }),
    request('/', 'client'),
    { encrypted: true, destination },
    { target: elsewhere, hostHeader: undefined },
  )
  expect(target).toMatchObject({ ...elsewhere, hostHeader: 't', serverName: undefined })
})

describe('without a service a request goes', () => {
  const route: TestRoute = {
    forward: { preserveHost: true },
    upstream: { transport: 'same-as-client' },
  }

  it.each([
    [
      'to the address in its request line',
      request('http://u:p@t:81/x', 't:81'),
      false,
      { host: 't', port: 81, tls: false, hostHeader: 't:81' },
    ],
    [
      'by the scheme in its request line',
      request('https://t/x', 't'),
      false,
      { host: 't', port: 443, tls: true, hostHeader: 't' },
    ],
    [
      'plain although the client came encrypted, if the request line says so',
      request('http://t/x', 't'),
      true,
      { host: 't', port: 80, tls: false },
    ],
    [
      'to its Host',
      request('/', 'h:82'),
      false,
      { host: 'h', port: 82, tls: false, hostHeader: 'h:82' },
    ],
    [
      'to its Host by the client’s scheme',
      request('/', '[::1]'),
      true,
      { host: '::1', port: 443, tls: true, hostHeader: '[::1]' },
    ],
    [
      'to where it was sent, when it names nobody',
      request('/'),
      false,
      { host: '10.0.0.5', port: 18000, tls: false, hostHeader: '10.0.0.5:18000' },
    ],
    [
      'to where it was sent, when its port is no port',
      request('/', 'h:70000'),
      false,
      { host: '10.0.0.5', port: 18000 },
    ],
  ])('%s', (_where, head, encrypted, expected) => {
    expect(chosen(route, head, encrypted)).toMatchObject(expected)
  })

  it.each(['h:x', 'h:1.5'])(
    'to where it was sent, when a peer of the mesh names %s',
    (authority) => {
      const head = { ...request('/', 'h'), authority }
      expect(chosen(route, head)).toMatchObject({ host: '10.0.0.5', port: 18000 })
    },
  )
})
