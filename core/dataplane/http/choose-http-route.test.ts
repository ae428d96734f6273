import { describe, expect, it } from 'vitest'
import type { HttpRoute, PathMatch } from '#core/model/http-route.ts'
import { chooseHttpRoute } from './choose-http-route.ts'
import { testRoute } from './open-test-proxy.ts'

interface Shape {
  readonly hosts?: readonly string[]
  /** A leading `~` marks a regex. */
  readonly paths?: readonly string[]
  readonly methods?: readonly string[]
}

function routesOf(...shapes: readonly Shape[]): HttpRoute[] {
  return shapes.map(({ paths, ...match }, index) =>
    testRoute({ match: { ...match, ...(paths && { paths: paths.map(pathOf) }) } }, index),
  )
}

function pathOf(path: string): PathMatch {
  return path.startsWith('~')
    ? { kind: 'regex', source: path.slice(1) }
    : { kind: 'prefix', prefix: path }
}

/** `GET host/path` → the id of the route that takes it. */
function chosen(routes: readonly HttpRoute[], request: string): string | undefined {
  const [, method = '', host = '', path = ''] = /^(\S+) ([^/]*)(\/.*)$/.exec(request) ?? []
  return chooseHttpRoute(routes, { method, host, path })?.route.id
}

describe('a host', () => {
  const routes = routesOf(
    { hosts: ['*.route.com'] },
    { hosts: ['route.*'] },
    { hosts: ['plain.route.com'] },
    { hosts: ['route.com'] },
  )

  it.each([
    ['GET foo.route.com/', 'r1'],
    ['GET a.b.route.com/', 'r1'],
    ['GET route.org/', 'r2'],
    ['GET route.co.uk/', 'r2'],
    ['GET plain.route.com/', 'r3'],
    ['GET route.com/', 'r4'],
    ['GET Route.org/', undefined],
    ['GET .route.com/', undefined],
    ['GET other.org/', undefined],
    ['GET /', undefined],
  ])('of %s is taken by %s: exact names before wildcards', (request, id) => {
    expect(chosen(routes, request)).toBe(id)
  })

  it('that is exact in any route hides the wildcards of all routes', () => {
    const hidden = routesOf(
      { hosts: ['*.domain.com'], paths: ['/path'] },
      { hosts: ['foo.domain.com'], paths: ['/other'] },
    )
    expect(chosen(hidden, 'GET bar.domain.com/path')).toBe('r1')
    expect(chosen(hidden, 'GET foo.domain.com/path')).toBeUndefined()
  })

  it('with a wildcard is combined with path and methods', () => {
    const combined = routesOf({
      hosts: ['*.domain.com', 'example.com'],
      paths: ['/path'],
      methods: ['GET', 'TRACE'],
    })
    expect(chosen(combined, 'GET foo.domain.com/path')).toBe('r1')
    expect(chosen(combined, 'POST foo.domain.com/path')).toBeUndefined()
  })
})

describe('a path', () => {
  it('is taken by the longest prefix', () => {
    const routes = routesOf(
      { paths: ['/my-route/hello'] },
      { paths: ['/my-route'] },
      { paths: ['/a', '/bbbbbbb'] },
      { paths: ['/a/bb'] },
      { paths: ['/'] },
    )
    expect(chosen(routes, 'GET /my-route/hello/world')).toBe('r1')
    expect(chosen(routes, 'GET /my-route/world')).toBe('r2')
    expect(chosen(routes, 'GET /a/bb/foobar')).toBe('r4')
    expect(chosen(routes, 'GET /a/b')).toBe('r3')
    expect(chosen(routes, 'GET /foobar/baz')).toBe('r5')
  })

  it('matches only at its beginning', () => {
    const routes = routesOf(
      { paths: ['/something/my-route'] },
      { hosts: ['example.com'], paths: ['/my-route'] },
    )
    expect(chosen(routes, 'GET example.com/something/my-route')).toBe('r1')
  })

  it('is taken by a regex before any prefix, but not before an equal path', () => {
    const routes = routesOf(
      { paths: ['/users/123'] },
      { paths: ['/users/12'] },
      { paths: ['~/users/\\d+'] },
    )
    expect(chosen(routes, 'GET /users/124')).toBe('r3')
    expect(chosen(routes, 'GET /users/123')).toBe('r1')
    expect(chosen(routes, 'GET /users/12x')).toBe('r3')
  })

  it('is taken by the first of several regexes', () => {
    const routes = routesOf(
      { paths: ['~/route/persons/\\d{3}'] },
      { paths: ['~/route/persons/\\d{3}/following'] },
      { paths: ['~/route/persons/\\d{3}/[a-z]+'] },
    )
    expect(chosen(routes, 'GET /route/persons/456')).toBe('r1')
    expect(chosen(routes, 'GET /route/persons/456/following')).toBe('r1')
  })

  it('is compared as it was received', () => {
    const routes = routesOf({ paths: ['/endel%C3%B8st'] }, { paths: ['/foo/..%2fbar'] })
    expect(chosen(routes, 'GET /endel%C3%B8st/x')).toBe('r1')
    expect(chosen(routes, 'GET /endeløst')).toBeUndefined()
    expect(chosen(routes, 'GET /foo/..%2fbar')).toBe('r2')
    expect(chosen(routes, 'GET /bar')).toBeUndefined()
  })

  it('is reported as far as the route matched it', () => {
    const routes = routesOf(
      { paths: ['/other', '/foo'] },
      { paths: ['~/users/\\d+/profile'] },
      { hosts: ['h'] },
    )
    const matched = (path: string, host = ''): string | undefined =>
      chooseHttpRoute(routes, { method: 'GET', host, path })?.matchedPath
    expect(matched('/foo/bar')).toBe('/foo')
    expect(matched('/users/12/profile/x')).toBe('/users/12/profile')
    expect(matched('/none', 'h')).toBeUndefined()
  })
})

describe('attributes', () => {
  it.each<[string, readonly Shape[], string, string | undefined]>([
    ['host beats method', [{ methods: ['GET'] }, { hosts: ['h'] }], 'GET h/', 'r2'],
    ['path beats method', [{ methods: ['GET'] }, { paths: ['/example'] }], 'GET h/example', 'r2'],
    ['a wildcard host beats method', [{ methods: ['GET'] }, { hosts: ['*.h'] }], 'GET a.h/', 'r2'],
    ['host beats path', [{ paths: ['/p'] }, { hosts: ['h'] }], 'GET h/p', 'r2'],
    ['two beat one', [{ hosts: ['h'] }, { paths: ['/p'], methods: ['GET'] }], 'GET h/p', 'r2'],
    [
      'three beat two',
      [
        { hosts: ['h'], paths: ['/my-route'] },
        { hosts: ['h'], paths: ['/my-route'], methods: ['GET'] },
      ],
      'GET h/my-route',
      'r2',
    ],
    [
      'a route whose method differs yields to one with fewer attributes',
      [
        { hosts: ['h'], paths: ['/my-route'], methods: ['GET'] },
        { hosts: ['h'], paths: ['/my-route'] },
      ],
      'POST h/my-route',
      'r2',
    ],
    [
      'half a match counts for nothing',
      [
        { hosts: ['host1.com'], paths: ['/v1/path'] },
        { hosts: ['host2.com'], paths: ['/'] },
      ],
      'GET host2.com/v1/path',
      'r2',
    ],
    [
      'a longer prefix of another host does not stand in the way',
      [
        { hosts: ['h'], paths: ['/a'] },
        { hosts: ['other'], paths: ['/a/b'] },
      ],
      'GET h/a/b',
      'r1',
    ],
    ['the earlier of two equal routes wins', [{ hosts: ['h'] }, { hosts: ['h'] }], 'GET h/', 'r1'],
    ['a lower-case method matches nothing', [{ methods: ['GET'] }], 'get h/', undefined],
    ['an empty list is no attribute', [{ hosts: ['h'], paths: [], methods: [] }], 'GET h/', 'r1'],
    [
      'a wrong host, path or method takes nothing',
      [{ hosts: ['h'], paths: ['/p'], methods: ['GET'] }],
      'GET h/q',
      undefined,
    ],
  ])('%s', (_title, shapes, request, id) => {
    expect(chosen(routesOf(...shapes), request)).toBe(id)
  })
})

/** Number of the case, routes by creation, and who takes each request. */
const cases: readonly (readonly [
  number,
  readonly Shape[],
  Readonly<Record<string, string | undefined>>,
])[] = [
  [156, [{ hosts: ['h'], methods: ['GET'] }], { 'GET h/': 'r1', 'POST h/': undefined }],
  [
    159,
    [{ hosts: ['*.route.com', 'route.*'] }, { hosts: ['plain.route.com', 'route.com'] }],
    {
      'GET foo.route.com/': 'r1',
      'GET route.org/': 'r1',
      'GET plain.route.com/': 'r2',
      'GET route.com/': 'r2',
    },
  ],
  [
    160,
    [{ hosts: ['*.domain.com', 'example.com'], paths: ['/path'], methods: ['GET', 'TRACE'] }],
    { 'GET foo.domain.com/path': 'r1', 'POST foo.domain.com/path': undefined },
  ],
  [
    161,
    [{ paths: ['/my-route/hello'] }, { paths: ['/my-route'] }],
    { 'GET h/my-route/hello/world': 'r1', 'GET h/my-route/world': 'r2' },
  ],
  [
    162,
    [{ paths: ['/something/my-route'] }, { hosts: ['example.com'], paths: ['/my-route'] }],
    { 'GET example.com/something/my-route': 'r1' },
  ],
  [
    163,
    [{ paths: ['/route/person'] }, { paths: ['~/route/persons/\\d{3}'] }],
    { 'GET h/route/persons/123': 'r2', 'GET h/route/persons/x': 'r1' },
  ],
  [
    164,
    [
      { paths: ['~/route/persons/\\d{3}'] },
      { paths: ['~/route/persons/\\d{3}/following'] },
      { paths: ['~/route/persons/\\d{3}/[a-z]+'] },
    ],
    { 'GET h/route/persons/456': 'r1' },
  ],
  [
    166,
    [{ methods: ['GET'] }, { paths: ['/example'] }, { hosts: ['*.host'] }],
    { 'GET h/example': 'r2', 'GET a.host/': 'r3', 'GET h/': 'r1' },
  ],
  [
    167,
    [
      { hosts: ['host1.com'], paths: ['/v1/path'] },
      { hosts: ['host2.com'], paths: ['/'] },
    ],
    { 'GET host2.com/v1/path': 'r2' },
  ],
  [
    168,
    [
      { hosts: ['host.com'], paths: ['/my-route'], methods: ['GET'] },
      { hosts: ['host.com'], paths: ['/my-route'] },
    ],
    { 'GET host.com/my-route': 'r1', 'POST host.com/my-route': 'r2' },
  ],
  [169, [{ paths: ['/a', '/bbbbbbb'] }, { paths: ['/a/bb'] }], { 'GET h/a/bb/foobar': 'r2' }],
  [
    170,
    [{ paths: ['/'] }, { paths: ['/my-route'] }],
    { 'GET h/foobar/baz': 'r1', 'GET h/my-route': 'r2' },
  ],
  [
    172,
    [{ hosts: ['domain.org'], paths: ['/my-route'], methods: ['GET'] }],
    {
      'GET other.org/my-route': undefined,
      'TRACE domain.org/my-route': undefined,
      'GET domain.org/other': undefined,
      'GET domain.org/my-route': 'r1',
    },
  ],
]

it.each(cases)(
  'case %i: each request is taken by the route that Kong 1.1 chooses',
  (_number, shapes, requests) => {
    const routes = routesOf(...shapes)
    const taken = Object.keys(requests).map((asked) => [asked, chosen(routes, asked)])
    expect(Object.fromEntries(taken)).toEqual(requests)
  },
)

it('agrees with a plain search over all routes on random tables', async () => {
  const fc = await import('fast-check')
  const attribute = (values: readonly string[]): ReturnType<typeof fc.subarray<string>> =>
    fc.subarray([...values], { minLength: 0, maxLength: 2 })
  const shape = fc.record({
    hosts: attribute(['a', 'b', '*.a', 'a.*']),
    paths: attribute(['/', '/x', '/x/y', '/x/yy', '~/x/\\w', '~/\\w+$']),
    methods: attribute(['GET', 'POST']),
  })
  const request = fc.tuple(
    fc.constantFrom('GET', 'POST'),
    fc.constantFrom('a', 'b', 'c.a', 'a.c', 'd'),
    fc.constantFrom('/', '/x', '/x/y', '/x/yy/z', '/x/q', '/other/'),
  )
  fc.assert(
    fc.property(fc.array(shape, { maxLength: 8 }), request, (shapes, [method, host, path]) => {
      const routes = routesOf(...shapes)
      const found = chooseHttpRoute(routes, { method, host, path })?.route
      expect(found?.id).toBe(searchPlainly(routes, { method, host, path })?.id)
    }),
    { numRuns: 2000 },
  )
})

/** The rules once more, without any index. */
function searchPlainly(
  routes: readonly HttpRoute[],
  request: { readonly method: string; readonly host: string; readonly path: string },
): HttpRoute | undefined {
  const matches = (path: PathMatch): boolean =>
    path.kind === 'prefix'
      ? request.path.startsWith(path.prefix)
      : new RegExp(`^(?:${path.source})`).test(request.path)
  const allHosts = routes.flatMap((route) => route.match.hosts ?? [])
  const allPaths = routes.flatMap((route) => route.match.paths ?? [])
  const host = allHosts.includes(request.host)
    ? request.host
    : allHosts.find((name) => {
        const fixed = name.replace('*', '')
        const [head, tail] = name.split('*')
        return (
          name.includes('*') &&
          request.host.length > fixed.length &&
          request.host.startsWith(head!) &&
          request.host.endsWith(tail!)
        )
      })
  const prefixes = allPaths.filter((path) => path.kind === 'prefix' && matches(path))
  const hit =
    prefixes.find((path) => key(path) === request.path) ??
    allPaths.find((path) => path.kind === 'regex' && matches(path)) ??
    prefixes.toSorted((a, b) => key(b).length - key(a).length)[0]
  const fits = ({ match }: HttpRoute): boolean =>
    (!match.hosts?.length || (host !== undefined && match.hosts.includes(host))) &&
    (!match.methods?.length || match.methods.includes(request.method)) &&
    (!match.paths?.length || match.paths.some(matches))
  const isHit = ({ match }: HttpRoute): number =>
    hit !== undefined && match.paths?.some((path) => key(path) === key(hit)) === true ? 1 : 0
  return routes.filter(fits).toSorted((a, b) => rank(b) - rank(a) || isHit(b) - isHit(a))[0]
}

function key(path: PathMatch): string {
  return path.kind === 'prefix' ? path.prefix : `~${path.source}`
}

function rank({ match }: HttpRoute): number {
  const bits = [match.methods, match.paths, match.hosts].map((list) => (list?.length ? 1 : 0))
  return 10 * (bits[0]! + bits[1]! + bits[2]!) + bits[0]! + 2 * bits[1]! + 4 * bits[2]!
}
