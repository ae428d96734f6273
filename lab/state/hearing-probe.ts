import { randomUUID } from 'node:crypto'
import { kongListeners } from '#lab/topology/listen-endpoints.ts'
import type { Endpoint } from '#lab/topology/topology.ts'

/**
 * What shows whether proxies go by what their Admin API was told, of which their logs say nothing: a route that is told
 * last. A proxy hears of changes in their order, so whoever knows the route knows all before it.
 */
export interface HearingProbe {
  /** Which requests the route takes: nobody else's. */
  readonly host: string
  readonly service: Readonly<Record<string, unknown>>
  readonly route: Readonly<Record<string, unknown>>
  /** Whether such an answer is of one who knows the route. */
  readonly isHeard: (status: number) => boolean
}

/** A probe of its own: nothing is left of it anywhere once its service is removed. */
export function makeHearingProbe(): HearingProbe {
  const host = `${randomUUID()}.invalid`
  return {
    host,
    // Nobody listens there: a proxy that knows the route answers that it cannot reach the service, and no link carries it.
    service: { url: 'http://127.0.0.1:9', retries: 0, connect_timeout: 500 },
    route: { hosts: [host] },
    isHeard: (status) => status !== 404,
  }
}

/** Where a Kong of such settings takes plain HTTP; undefined: nowhere. */
export function plainListener(settings: Readonly<Record<string, string>>): Endpoint | undefined {
  const listeners = kongListeners(settings, 'proxy_listen')
  const plain = listeners.find(
    ({ flags }) => !flags.includes('ssl') && !flags.includes('proxy_protocol'),
  )
  return plain && { address: plain.address, port: plain.port }
}
