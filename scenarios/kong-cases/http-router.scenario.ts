import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { Question } from '#scenarios/support/ask.ts'
import type { KongCluster, KongNode } from '#scenarios/support/kong-cluster.ts'
import { openRoutingTable } from '#scenarios/support/routing-table.ts'
import { useKongNode } from '#scenarios/support/use-kong-node.ts'

let cluster: KongCluster
let node: KongNode
useKongNode((opened) => ({ cluster, node } = opened))

describe('the HTTP router', () => {
  /** Requests and which of the routes takes each; `404` = none. */
  const cases: readonly {
    readonly title: string
    readonly routes: readonly object[]
    readonly requests: readonly (readonly [expected: string, path: string, Partial<Question>?])[]
  }[] = [
    {
      title: 'case 156: a route that names GET is invisible to a POST',
      routes: [{ hosts: ['a.test'], methods: ['GET'] }],
      requests: [
        ['r1', '/', { host: 'a.test' }],
        ['404', '/', { host: 'a.test', method: 'POST' }],
      ],
    },
    {
      title: 'case 158: the port of the Host header does not count',
      routes: [{ hosts: ['domain-1.org'] }],
      requests: [
        ['r1', '/', { host: 'domain-1.org:123' }],
        ['r1', '/', { host: 'domain-1.org' }],
        ['404', '/', { host: 'domain-2.org:123' }],
      ],
    },
    {
      title: 'case 159: wildcards match left and right labels, and plain hosts go before them',
      routes: [
        { hosts: ['*.route.com'] },
        { hosts: ['route.*'] },
        { hosts: ['plain.route.com'] },
        { hosts: ['route.com'] },
      ],
      requests: [
        ['r1', '/', { host: 'foo.route.com' }],
        ['r1', '/', { host: 'a.b.route.com' }],
        ['r2', '/', { host: 'route.org' }],
        ['r3', '/', { host: 'plain.route.com' }],
        ['r4', '/', { host: 'route.com' }],
      ],
    },
    {
      title: 'case 159: a host that is plain in any route is no longer held against wildcards',
      routes: [{ hosts: ['*.only.com'] }, { hosts: ['x.only.com'], methods: ['POST'] }],
      requests: [
        ['r1', '/', { host: 'y.only.com' }],
        ['404', '/', { host: 'x.only.com' }],
        ['r2', '/', { host: 'x.only.com', method: 'POST' }],
      ],
    },
    {
      title: 'case 160: wildcard host, path and method must all match',
      routes: [
        { hosts: ['*.domain.com', 'example.com'], paths: ['/path'], methods: ['GET', 'TRACE'] },
      ],
      requests: [
        ['r1', '/path', { host: 'foo.domain.com' }],
        ['r1', '/path', { host: 'example.com' }],
        ['404', '/path', { host: 'foo.domain.com', method: 'POST' }],
        ['404', '/other', { host: 'foo.domain.com' }],
      ],
    },
    {
      title: 'case 161: the longer of two prefixes is taken',
      routes: [{ paths: ['/my-route/hello'] }, { paths: ['/my-route'] }],
      requests: [
        ['r1', '/my-route/hello/world'],
        ['r2', '/my-route/world'],
      ],
    },
    {
      title: 'case 161: the longer prefix is taken also when its route is younger',
      routes: [{ paths: ['/my-route'] }, { paths: ['/my-route/hello'] }],
      requests: [
        ['r2', '/my-route/hello/world'],
        ['r1', '/my-route/world'],
      ],
    },
    {
      title: 'case 162: a prefix is held against the beginning of the path only',
      routes: [
        { paths: ['/something/my-route'] },
        { paths: ['/my-route'], hosts: ['example.com'] },
      ],
      requests: [
        ['r1', '/something/my-route', { host: 'example.com' }],
        ['r2', '/my-route', { host: 'example.com' }],
      ],
    },
    {
      title: 'case 163: a regular expression goes before a prefix that matches as well',
      routes: [{ paths: ['/persons'] }, { paths: [String.raw`/persons/\d+`] }],
      requests: [
        ['r2', '/persons/1'],
        ['r1', '/persons/x'],
      ],
    },
    {
      title: 'case 164: of several regular expressions the first that matches is taken',
      routes: [
        { paths: [String.raw`/route/persons/\d{3}`] },
        { paths: [String.raw`/route/persons/\d{3}/following`] },
        { paths: ['/route/persons/[a-z]+'] },
      ],
      requests: [
        ['r1', '/route/persons/456'],
        ['r1', '/route/persons/456/following'],
        ['r3', '/route/persons/abc'],
      ],
    },
    {
      title: 'case 165: the higher regex_priority goes first, then the older route',
      routes: [
        { paths: ['/status/(re)'], regex_priority: 5 },
        { paths: ['/status/(r)'], regex_priority: 0 },
        { paths: ['/status/re(.*)'], regex_priority: 10 },
        { paths: ['/tie/(a|b)'], regex_priority: 3 },
        { paths: ['/tie/[ab]'], regex_priority: 3 },
      ],
      requests: [
        ['r3', '/status/re'],
        ['r2', '/status/r0'],
        ['r4', '/tie/a'],
      ],
    },
    {
      title: 'case 166: a path goes before a method, and so does a host',
      routes: [{ methods: ['GET'] }, { paths: ['/example'] }, { hosts: ['*.host.test'] }],
      requests: [
        ['r2', '/example'],
        ['r3', '/other', { host: 'a.host.test' }],
        ['r1', '/other'],
      ],
    },
    {
      title: 'case 167: a route of which only half matches does not hide another',
      routes: [
        { hosts: ['host1.com'], paths: ['/v1/path'] },
        { hosts: ['host2.com'], paths: ['/'] },
      ],
      requests: [
        ['r2', '/v1/path', { host: 'host2.com' }],
        ['r1', '/v1/path', { host: 'host1.com' }],
        ['404', '/', { host: 'host1.com' }],
      ],
    },
    {
      title: 'case 168: the route with more matching attributes is taken',
      routes: [
        { methods: ['GET'], paths: ['/my-route'], hosts: ['host.com'] },
        { paths: ['/my-route'], hosts: ['host.com'] },
      ],
      requests: [
        ['r1', '/my-route', { host: 'host.com' }],
        ['r2', '/my-route', { host: 'host.com', method: 'POST' }],
      ],
    },
    {
      title: 'case 169: of a route with several prefixes only the one that matches counts',
      routes: [{ paths: ['/a', '/bbbbbbb'] }, { paths: ['/a/bb'] }],
      requests: [
        ['r2', '/a/bb/foobar'],
        ['r1', '/a/cc'],
        ['r1', '/bbbbbbb'],
      ],
    },
    {
      title: 'case 170: the path / catches what no other route takes',
      routes: [{ paths: ['/'] }, { paths: ['/my-route'] }],
      requests: [
        ['r1', '/foobar/baz'],
        ['r2', '/my-route'],
      ],
    },
    {
      title: 'case 172: wrong host, method or path is 404',
      routes: [{ hosts: ['miss.test'], methods: ['PUT'], paths: ['/miss'] }],
      requests: [
        ['r1', '/miss', { host: 'miss.test', method: 'PUT' }],
        ['404', '/miss', { host: 'other.test', method: 'PUT' }],
        ['404', '/miss', { host: 'miss.test', method: 'GET' }],
        ['404', '/other', { host: 'miss.test', method: 'PUT' }],
        ['404', '/miss', { host: 'MISS.test', method: 'PUT' }],
      ],
    },
    {
      title: 'case 177: paths are matched as they were sent, neither decoded nor normalised',
      routes: [{ paths: ['/endel%C3%B8st'] }, { paths: ['/foo/..%2fbar'] }, { paths: ['/bar'] }],
      requests: [
        ['r1', '/endel%C3%B8st'],
        ['404', '/endel%c3%b8st'],
        ['r2', '/foo/..%2fbar'],
        ['404', '/foo/../bar'],
      ],
    },
  ]

  it.for(cases.map((one) => [one.title, one] as const))('%s', async ([, { routes, requests }]) => {
    await using table = await openRoutingTable({ node, cluster }, routes)
    const chosen: unknown[] = []
    for (const [, path, question] of requests) {
      // oxlint-disable-next-line no-await-in-loop -- the first wrong answer is easier to find in order
      chosen.push([await table.choose(path, question), path, question])
    }
    expect(chosen).toEqual(requests.map(([name, path, question]) => [name, path, question]))
  })

  it('case 157: HTTP/1.0 without Host is routed, HTTP/1.1 without Host is 400', async () => {
    await using _table = await openRoutingTable({ node, cluster }, [{ paths: ['/'] }])
    expect(await raw('GET /x HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /)
    expect(await raw('GET /x HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  })

  async function raw(request: string): Promise<string> {
    const socket = connect({ host: node.address, port: 8000 })
    socket.write(request)
    return text(socket)
  }
})

describe('the path for the upstream', () => {
  /** Section "proxying" of Kong 1.1: Service path, Route path, request; upstream path with strip_path and without. */
  const joins = [
    ['/', '/', '/foo/bar', '/foo/bar', '/foo/bar'],
    ['/', '/foo/bar', '/foo/bar/', '/', '/foo/bar/'],
    ['/', '/foo/bar', '/foo/bars', '/s', '/foo/bars'],
    ['/fee/bor', '/', '/', '/fee/bor', '/fee/bor'],
    ['/fee/bor', '/', '/foo/bar', '/fee/borfoo/bar', '/fee/borfoo/bar'],
    ['/fee/bor', '/foo/bar', '/foo/bar', '/fee/bor', '/fee/borfoo/bar'],
    ['/fee/bor', '/foo/bar', '/foo/bar/', '/fee/bor/', '/fee/borfoo/bar/'],
    ['/fee/bor', '/foo/bar/', '/foo/bar/s', '/fee/bors', '/fee/borfoo/bar/s'],
    ['/fee/bor/', '/', '/foo/bar', '/fee/bor/foo/bar', '/fee/bor/foo/bar'],
    ['/fee/bor/', '/foo/bar', '/foo/bar/', '/fee/bor/', '/fee/bor/foo/bar/'],
    ['/fee/bor/', '/foo/bar/', '/foo/bar/s', '/fee/bor/s', '/fee/bor/foo/bar/s'],
    ['/fee/bor', undefined, '/foo/bar', '/fee/borfoo/bar', '/fee/borfoo/bar'],
    // Regular expressions, and escapes that stay as they are.
    ['/', String.raw`/users/\d+/profile`, '/users/12/profile/x', '/x', '/users/12/profile/x'],
    ['/path', String.raw`/mock\d`, '/mock1/get', '/path/get', '/pathmock1/get'],
    ['/', '/(a|b)/c', '/a/c/d', '/d', '/a/c/d'],
    ['/', '/endel%C3%B8st', '/endel%C3%B8st/%2fx', '/%2fx', '/endel%C3%B8st/%2fx'],
  ] as const

  it.for(joins)(
    'cases 174, 178: Service path %s, Route path %s, request %s',
    async ([base, path, request, stripped, kept]) => {
      const host = 'join.test'
      const match = { hosts: [host], ...(path === undefined ? {} : { paths: [path] }) }
      const seen: unknown[] = []
      for (const strip_path of [true, false]) {
        // oxlint-disable-next-line no-await-in-loop -- two routes with one match would be in each other's way
        seen.push(await pathSeen({ ...match, strip_path }, base, request, host))
      }
      expect(seen).toEqual([stripped, kept])
    },
  )

  it('case 174: a path is stripped from one request after the other', async () => {
    const paths = []
    for (const request of ['/s/get', '/s/get', '/s/get']) {
      // oxlint-disable-next-line no-await-in-loop
      paths.push(await pathSeen({ paths: ['/s'] }, '/', request))
    }
    expect(paths).toEqual(['/get', '/get', '/get'])
  })

  it.for([
    '/q?foo=bar',
    '/q?foo=bar&foo=baz',
    '/q?',
    '/q?hello',
    '/q?a=%20b%2Bc+d&%61=1',
    '/q?x=http://h/?y=z',
    '/q?p=%7B%22a%22%3A1%7D',
    '/q/%E4%BD%A0/%2e%2e/x%20y;v=1,2?z=%',
    '/q/a+b/~user/(x)/@:$!*',
  ])('cases 176, 179: %s arrives byte by byte', async (request) => {
    expect(await pathSeen({ paths: ['/q'], strip_path: false }, undefined, request)).toBe(request)
  })

  async function pathSeen(
    match: object,
    base: string | undefined,
    request: string,
    host?: string,
  ): Promise<unknown> {
    const service = await serviceWith(base)
    const route = await node.configure('POST', `/services/${service}/routes`, match)
    const { body } = await node.get(request, host === undefined ? {} : { host })
    await node.configure('DELETE', `/routes/${route['id']}`)
    return body['path']
  }

  const services = new Map<string | undefined, string>()
  async function serviceWith(path: string | undefined): Promise<string> {
    const known = services.get(path)
    if (known !== undefined) return known
    const { address, ports } = cluster.echo
    const { id } = await node.configure('POST', '/services', {
      host: address,
      port: ports.http,
      ...(path === undefined ? {} : { path }),
    })
    services.set(path, String(id))
    return String(id)
  }
})

describe('the Host for the upstream', () => {
  it.for([
    ['preserved.com', true, 'preserved.com'],
    ['preserved.com:80', true, 'preserved.com:80'],
    ['preserved.com:123', true, 'preserved.com:123'],
    ['preserved.com', false, undefined],
  ] as const)(
    'case 175: Host %s with preserve_host %s',
    async ([host, preserve_host, expected]) => {
      const { address, ports } = cluster.echo
      const service = await node.configure('POST', '/services', {
        url: `http://${address}:${ports.http}`,
      })
      const route = await node.configure('POST', `/services/${service['id']}/routes`, {
        hosts: ['preserved.com'],
        preserve_host,
      })
      const { body } = await node.get('/', { host })
      await node.configure('DELETE', `/routes/${route['id']}`)
      expect(body['headers'].host).toBe(expected ?? `${address}:${ports.http}`)
    },
  )
})

describe('a route without a service', () => {
  it('case 171: goes where the Host header says', async () => {
    const route = await node.configure('POST', '/routes', { paths: ['/serviceless'] })
    const host = `${cluster.echo.address}:${cluster.echo.ports.http}`
    const { status, body } = await node.get('/serviceless?a=b', { host })
    await node.configure('DELETE', `/routes/${route['id']}`)
    expect([status, body['path'], body['headers'].host]).toEqual([200, '/serviceless?a=b', host])
  })
})
