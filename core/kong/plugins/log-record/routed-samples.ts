import type { Route } from '#core/kong/entities/route.ts'
import type { Service } from '#core/kong/entities/service.ts'
import type { HttpRoute } from '#core/model/http-route.ts'

/** A service, for tests of plugins. */
export const service: Service = {
  id: '6b1d0e3c-0000-4000-8000-0000000000c0',
  created_at: 1,
  updated_at: 1,
  name: 'some.service',
  retries: 5,
  protocol: 'http',
  host: 'service.test',
  port: 80,
  path: null,
  connect_timeout: 60_000,
  write_timeout: 60_000,
  read_timeout: 60_000,
  tags: null,
}

/** A route to it. */
export const route: Route = {
  id: '6b1d0e3c-0000-4000-8000-0000000000d0',
  created_at: 1,
  updated_at: 1,
  name: null,
  protocols: ['http', 'https'],
  methods: null,
  hosts: null,
  paths: ['/'],
  regex_priority: 0,
  strip_path: true,
  preserve_host: false,
  snis: null,
  sources: null,
  destinations: null,
  tags: null,
  service: { id: service.id },
}

/** What the data plane knows of the route. */
export const httpRoute: HttpRoute = {
  id: route.id,
  name: undefined,
  serviceId: service.id,
  serviceName: service.name ?? undefined,
  match: {
    hosts: undefined,
    paths: [{ kind: 'prefix', prefix: '/' }],
    methods: undefined,
    encryption: 'optional',
  },
  forward: { basePath: '', stripPath: true, preserveHost: false },
  upstream: {
    target: { host: service.host, port: service.port },
    transport: 'plain',
    source: undefined,
    connectTimeoutMs: 60_000,
    writeTimeoutMs: 60_000,
    readTimeoutMs: 60_000,
    retries: 5,
  },
}
