import { describe, expect, it } from 'vitest'
import type { HttpListener, StreamListener } from '#core/model/listener.ts'
import type { MeshMembership } from '#core/model/mesh.ts'
import { compile, recompile, type Compiled } from './compile.ts'
import { parseConfig } from './config/parse-config.ts'
import { directoryOf } from './entities/collected-entities.ts'
import type { Entity } from './entities/entity.ts'
import { compileFilters } from './plugins/compile-filters.ts'
import { sampleRoute, sampleService } from './entities/route-samples.ts'
import type { Route } from './entities/route.ts'
import type { Service } from './entities/service.ts'

const identity = { certificate: 'certificate', privateKey: 'key' }
const identities = { fallback: identity, byServerName: new Map() }

function service(fields: Partial<Service>): Service {
  return sampleService({ id: 's', ...fields })
}

function route(fields: Partial<Route>): Route {
  return sampleRoute({ id: 'r', service: { id: 's' }, ...fields })
}

interface Given {
  readonly services?: readonly Service[]
  readonly routes?: readonly Route[]
  readonly env?: Record<string, string>
  readonly mesh?: MeshMembership
  /** Further entities, by collection. */
  readonly others?: Readonly<Record<string, readonly Entity[]>>
}

function compiled({ services = [], routes = [], env = {}, others = {}, mesh }: Given): Compiled {
  const config = parseConfig({
    env: { KONG_STREAM_LISTEN: '127.0.0.3:9000 transparent', ...env },
    flags: {},
    cwd: '/',
    fileExists: () => false,
  })
  const entities = new Map<string, readonly Entity[]>(
    Object.entries({ services, routes, ...others }),
  )
  return compile(
    {
      config,
      entities: directoryOf(entities),
      filters: compileFilters([]),
      fallback: identity,
      clientIdentity: undefined,
    },
    { mesh, version: '1.1' },
  )
}

function streamOf(result: Compiled): StreamListener {
  const listener = result.snapshot.listeners.find(({ kind }) => kind === 'stream')
  if (listener?.kind !== 'stream') throw new Error('no stream listener')
  return listener
}

function httpOf(result: Compiled, { ssl = false } = {}): HttpListener {
  const listener = result.snapshot.listeners.find(
    (one) => one.kind === 'http' && (one.identities !== undefined) === ssl,
  )
  if (listener?.kind !== 'http') throw new Error('no http listener')
  return listener
}

function idsOf(listener: HttpListener): string[] {
  return listener.routes.map(({ id }) => id)
}

const streamRoute = (id: string, fields: Partial<Route>): Route =>
  route({ id, protocols: ['tcp'], ...fields })

const end = (
  ip: string | null,
  port: number | null,
): { ip: string | null; port: number | null } => ({
  ip,
  port,
})

describe('compile', () => {
  it('gives each listen address a listener', () => {
    const { snapshot } = compiled({
      env: { KONG_PROXY_LISTEN: '127.0.0.3:8000 transparent, [::1]:8443 ssl' },
    })
    expect(snapshot.version).toBe('1.1')
    expect(snapshot.listeners).toMatchObject([
      { kind: 'http', address: '127.0.0.3', port: 8000, transparent: true, identities: undefined },
      {
        kind: 'http',
        address: '0000:0000:0000:0000:0000:0000:0000:0001',
        port: 8443,
        transparent: false,
        identities,
      },
      { kind: 'stream', port: 9000, transparent: true, identities, firstBytesTimeoutMs: 500 },
    ])
  })

  it('compiles the tutorial’s entities', () => {
    const result = compiled({
      env: { KONG_NGINX_SPROXY_PROXY_BIND: '127.0.0.3', KONG_NGINX_PROXY_PROXY_BIND: '127.0.0.4' },
      services: [
        service({ id: 'tcp', protocol: 'tcp', port: 19_000 }),
        service({ id: 'tls', protocol: 'tls', port: 19_443 }),
        service({ id: 'https', protocol: 'https', port: 18_443, path: '/', name: 'b' }),
      ],
      routes: [
        streamRoute('to-tcp', { destinations: [end('127.0.0.5', 19_000)], service: { id: 'tcp' } }),
        streamRoute('to-tls', {
          protocols: ['tls'],
          destinations: [end('127.0.0.5', 19_443)],
          service: { id: 'tls' },
        }),
        route({
          id: 'to-https',
          protocols: ['https'],
          hosts: ['127.0.0.5'],
          service: { id: 'https' },
        }),
      ],
    })
    expect(result.warnings).toEqual([])
    const upstream = {
      connectTimeoutMs: 60_000,
      writeTimeoutMs: 60_000,
      readTimeoutMs: 60_000,
      retries: 5,
    }
    expect(streamOf(result).routes).toEqual([
      {
        id: 'to-tcp',
        name: undefined,
        match: {
          sources: undefined,
          destinations: [{ block: '127.0.0.5', port: 19_000 }],
          serverNames: undefined,
          expects: 'plain',
        },
        upstream: {
          ...upstream,
          target: { host: '127.0.0.5', port: 19_000 },
          transport: 'plain',
          source: { address: '127.0.0.3', transparent: false },
        },
      },
      expect.objectContaining({
        id: 'to-tls',
        match: expect.objectContaining({ expects: 'tls' }),
        upstream: expect.objectContaining({ transport: 'tls' }),
      }),
    ])
    expect(httpOf(result).routes).toEqual([
      {
        id: 'to-https',
        name: undefined,
        serviceId: 'https',
        serviceName: 'b',
        match: {
          hosts: ['127.0.0.5'],
          paths: undefined,
          methods: undefined,
          encryption: 'required',
        },
        forward: { basePath: '/', stripPath: true, preserveHost: false },
        upstream: {
          ...upstream,
          target: { host: '127.0.0.5', port: 18_443 },
          transport: 'tls',
          source: { address: '127.0.0.4', transparent: false },
        },
      },
    ])
  })

  it('prefers stream routes with more attributes, then snis, then sources, then destinations', () => {
    const result = compiled({
      routes: [
        streamRoute('dst', { destinations: [end(null, 1)] }),
        streamRoute('src', { sources: [end('10.0.0.0/8', null)] }),
        streamRoute('sni', { snis: ['A.example'] }),
        streamRoute('src+dst', { sources: [end(null, 1)], destinations: [end(null, 1)] }),
        streamRoute('sni+dst', { snis: ['a.example'], destinations: [end(null, 1)] }),
      ],
    })
    const routes = streamOf(result).routes
    expect(routes.map(({ id }) => id)).toEqual(['sni+dst', 'src+dst', 'sni', 'src', 'dst'])
    expect(routes[2]?.match.serverNames).toEqual(['a.example'])
  })

  it('weighs a route by the number of its server names, as Kong 1.1 does', () => {
    const result = compiled({
      routes: [
        streamRoute('src+dst', { sources: [end(null, 1)], destinations: [end(null, 1)] }),
        streamRoute('two snis', { snis: ['a', 'b'] }),
        streamRoute('three', {
          snis: ['a'],
          sources: [end(null, 1)],
          destinations: [end(null, 1)],
        }),
      ],
    })
    expect(streamOf(result).routes.map(({ id }) => id)).toEqual(['three', 'two snis', 'src+dst'])
  })

  it('within a category prefers exact ends, then priority, then age, then id', () => {
    const result = compiled({
      routes: [
        streamRoute('b', { sources: [end('10.0.0.1', null)], created_at: 3 }),
        streamRoute('a', { sources: [end('10.0.0.1', null)], created_at: 3 }),
        streamRoute('old', { sources: [end('10.0.0.1', null)], created_at: 2 }),
        streamRoute('urgent', { sources: [end(null, 5)], created_at: 4, regex_priority: 1 }),
        streamRoute('exact', { sources: [end('10.0.0.1', 5)], created_at: 9 }),
      ],
    })
    expect(streamOf(result).routes.map(({ id }) => id)).toEqual([
      'exact',
      'urgent',
      'old',
      'a',
      'b',
    ])
  })

  it('sends a route whose service speaks another family where the client wanted to go, and warns', () => {
    const result = compiled({
      services: [service({ protocol: 'http' })],
      routes: [streamRoute('r', { name: 'odd', destinations: [end(null, 1)] })],
    })
    expect(streamOf(result).routes[0]?.upstream).toMatchObject({
      target: 'original-destination',
      transport: 'same-as-client',
      retries: 5,
    })
    expect(result.warnings).toEqual([
      "service with protocol 'http' cannot be used with 'stream' subsystem: route 'odd' goes where the client wanted to go",
    ])
  })

  it('leaves all but its standing as it was for a node that joins its mesh', () => {
    const before = compiled({ services: [service({})], routes: [route({})] })
    const after = recompile(before, { mesh: undefined, joining: true, version: '1.2' })
    expect(after.snapshot).toEqual({
      ...before.snapshot,
      joining: { protocolPrefix: 'com.konghq/service-mesh/1/', timeoutMs: expect.any(Number) },
      version: '1.2',
    })
    // The very same, so that nobody looks for what has changed in them.
    expect(after.snapshot.listeners).toBe(before.snapshot.listeners)
  })

  it('routes nothing on a node without listeners, and warns of nothing that would not act there', () => {
    const odd = {
      services: [service({ protocol: 'http' })],
      routes: [streamRoute('r', { name: 'odd', destinations: [end(null, 1)] })],
    }
    const env = { KONG_PROXY_LISTEN: 'off', KONG_STREAM_LISTEN: 'off' }
    expect(compiled({ ...odd, env })).toMatchObject({ snapshot: { listeners: [] }, warnings: [] })
    // The control.
    expect(compiled(odd).warnings).toHaveLength(1)
  })

  it('forwards a serviceless request with its own path and Host', () => {
    const result = compiled({ routes: [route({ service: null, paths: ['/x'] })] })
    expect(httpOf(result).routes[0]).toMatchObject({
      serviceId: undefined,
      forward: { basePath: '/', stripPath: false, preserveHost: true },
      upstream: { target: 'original-destination', transport: 'same-as-client' },
    })
  })

  it('shows a route of both families to each subsystem, unless it asks for what that one cannot see', () => {
    const both = { protocols: ['http', 'tcp'] as const, service: null }
    const result = compiled({
      routes: [
        route({ ...both, id: 'host', hosts: ['a'] }),
        route({ ...both, id: 'destination', destinations: [end(null, 1)] }),
        route({ ...both, id: 'nothing', name: 'nothing' }),
      ],
    })
    expect(httpOf(result).routes.map(({ id }) => id)).toEqual(['host'])
    expect(streamOf(result).routes.map(({ id }) => id)).toEqual(['destination'])
    expect(result.warnings).toEqual([
      "route 'destination' takes no requests: destinations cannot be matched for requests",
      "route 'nothing' takes no requests: none of 'methods', 'hosts', 'paths' is set",
      "route 'nothing' takes no streams: none of 'sources', 'destinations', 'snis' is set",
    ])
  })

  it('lets an http and an https route share a host: each client gets its own', () => {
    const result = compiled({
      routes: [
        route({ id: 'b-http', hosts: ['b'], protocols: ['http'] }),
        route({ id: 'a-https', hosts: ['b'], protocols: ['https'] }),
        route({ id: 'urgent', hosts: ['b'], protocols: ['https'], regex_priority: 1 }),
        route({ id: 'young', hosts: ['b'], created_at: 2 }),
      ],
    })
    expect(idsOf(httpOf(result))).toEqual(['urgent', 'b-http', 'young', 'a-https'])
    expect(idsOf(httpOf(result, { ssl: true }))).toEqual(['urgent', 'a-https', 'young', 'b-http'])
  })

  it('lets listeners with TLS know how plain clients would be routed, where that differs', () => {
    const shared = compiled({ routes: [route({ id: 'a', hosts: ['b'] })] })
    expect(httpOf(shared, { ssl: true }).routes).toBe(httpOf(shared).routes)
    expect(httpOf(shared, { ssl: true }).routesOfPlainClients).toBeUndefined()
    const twins = compiled({
      routes: [
        route({ id: 'http', hosts: ['b'], protocols: ['http'] }),
        route({ id: 'https', hosts: ['b'], protocols: ['https'] }),
      ],
    })
    expect(httpOf(twins, { ssl: true }).routesOfPlainClients).toBe(httpOf(twins).routes)
    expect(httpOf(twins).routesOfPlainClients).toBeUndefined()
  })

  it('tells prefixes from regular expressions', () => {
    const result = compiled({ routes: [route({ paths: ['/a.b~c%20', '/v\\d+$'] })] })
    expect(httpOf(result).routes[0]?.match.paths).toEqual([
      { kind: 'prefix', prefix: '/a.b~c%20' },
      { kind: 'regex', source: '/v\\d+$' },
    ])
  })

  it('takes origins over as rewrites, and has none without', () => {
    const origins = 'TCP://b.test:8080=tcp://127.0.0.1:8080, https://svc:443=http://[::1]'
    expect(compiled({ env: { KONG_ORIGINS: origins } }).snapshot.rewrites).toEqual([
      {
        from: { scheme: 'tcp', host: 'b.test', port: 8080 },
        to: { scheme: 'tcp', host: '127.0.0.1', port: 8080 },
      },
      {
        from: { scheme: 'https', host: 'svc', port: 443 },
        to: { scheme: 'http', host: '0000:0000:0000:0000:0000:0000:0000:0001', port: 80 },
      },
    ])
    expect(compiled({}).snapshot.rewrites).toEqual([])
  })

  it('belongs to the mesh that it is told of, and to none otherwise', () => {
    const mesh = { authorities: [{ protocol: 'p', certificate: 'c', identity }] } as const
    expect(compiled({ mesh }).snapshot.mesh).toBe(mesh)
    expect(compiled({}).snapshot.mesh).toBeUndefined()
  })

  it('lets proxy_timeout stand in for the timeouts of every stream', () => {
    const given = {
      services: [service({ protocol: 'tcp', read_timeout: 7, write_timeout: 8 })],
      routes: [streamRoute('r', { destinations: [end(null, 1)] })],
    }
    expect(streamOf(compiled(given)).routes[0]?.upstream).toMatchObject({
      readTimeoutMs: 7,
      writeTimeoutMs: 8,
    })
    const env = { KONG_NGINX_SPROXY_PROXY_TIMEOUT: '1h' }
    expect(streamOf(compiled({ ...given, env })).routes[0]?.upstream).toMatchObject({
      readTimeoutMs: 3_600_000,
      writeTimeoutMs: 3_600_000,
    })
  })

  it.each([
    ['server_tokens, latency_tokens', ['kong/1.1.3', 'kong/1.1.3', true, true, false]],
    ['Via, X-Kong-Upstream-Status', [undefined, 'kong/1.1.3', false, false, true]],
    ['off, via', [undefined, undefined, false, false, false]],
  ])('sends the headers that %s names', (headers, [server, via, upstream, proxy, status]) => {
    const { responseTokens } = httpOf(compiled({ env: { KONG_HEADERS: headers } })).settings
    expect(responseTokens).toEqual({
      server,
      via,
      upstreamLatency: upstream ? 'X-Kong-Upstream-Latency' : undefined,
      proxyLatency: proxy ? 'X-Kong-Proxy-Latency' : undefined,
      upstreamStatus: status ? 'X-Kong-Upstream-Status' : undefined,
    })
  })
})
