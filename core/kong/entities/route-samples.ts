import type { Route } from './route.ts'
import type { Service } from './service.ts'

/** A service as it is stored, for tests; what is not given has its default. */
export function sampleService(fields: Partial<Service>): Service {
  return {
    id: '6b1d0e3c-0000-4000-8000-0000000000c0',
    created_at: 1,
    updated_at: 1,
    name: null,
    retries: 5,
    protocol: 'http',
    host: '127.0.0.5',
    port: 80,
    path: null,
    connect_timeout: 60_000,
    write_timeout: 60_000,
    read_timeout: 60_000,
    tags: null,
    ...fields,
  }
}

/** A route as it is stored, for tests; it belongs to the sample service unless told otherwise. */
export function sampleRoute(fields: Partial<Route>): Route {
  return {
    id: '6b1d0e3c-0000-4000-8000-0000000000d0',
    created_at: 1,
    updated_at: 1,
    name: null,
    protocols: ['http', 'https'],
    methods: null,
    hosts: null,
    paths: null,
    regex_priority: 0,
    strip_path: true,
    preserve_host: false,
    snis: null,
    sources: null,
    destinations: null,
    tags: null,
    service: { id: '6b1d0e3c-0000-4000-8000-0000000000c0' },
    ...fields,
  }
}
