import type { Identity } from '#core/model/identity.ts'
import type { Upstream } from '#core/model/upstream.ts'
import type { Service } from './entities/service.ts'

/** What Kong 1.1 does where no Service says otherwise. */
const serviceless = {
  connect_timeout: 60_000,
  write_timeout: 60_000,
  read_timeout: 60_000,
  retries: 5,
} as const

/** Compiles a Service; without one, the client goes where it wanted to go. */
export function compileUpstream(
  service: Service | undefined,
  options: {
    readonly source: Upstream['source']
    /** Presented to TLS upstreams that ask for a certificate. */
    readonly identity: Identity | undefined
    /** In place of the Service's read and write timeouts. */
    readonly idleTimeoutMs?: number | undefined
  },
): Upstream {
  const { connect_timeout, write_timeout, read_timeout, retries } = service ?? serviceless
  return {
    target: service ? { host: service.host, port: service.port } : 'original-destination',
    transport: service ? transportOf(service.protocol) : 'same-as-client',
    source: options.source,
    identity: options.identity,
    connectTimeoutMs: connect_timeout,
    writeTimeoutMs: options.idleTimeoutMs ?? write_timeout,
    readTimeoutMs: options.idleTimeoutMs ?? read_timeout,
    retries,
  }
}

function transportOf(protocol: Service['protocol']): Upstream['transport'] {
  return protocol === 'tls' || protocol === 'https' ? 'tls' : 'plain'
}
