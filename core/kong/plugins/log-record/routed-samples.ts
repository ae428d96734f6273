import { sampleRoute, sampleService } from '#core/kong/entities/route-samples.ts'
import type { HttpRoute } from '#core/model/http-route.ts'

/** A service, for tests of plugins. */
export const service = sampleService({ name: 'some.service', host: 'service.test' })

/** A route to it. */
export const route = sampleRoute({ paths: ['/'] })

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
