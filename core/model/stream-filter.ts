import type { ConnectionInfo } from './observer.ts'
import type { Arrival } from './mesh.ts'
import type { ExchangeTarget } from './http-filter.ts'
import type { StreamRoute } from './stream-route.ts'

/** Takes part in stream sessions. One object stands for one configuration and is shared by all its sessions. */
export interface StreamFilter {
  /** The route is chosen, TLS is terminated if there was any, nothing is dialled yet. */
  preread?(session: StreamSessionView): void | Promise<void>
  /** The session is over. */
  finished?(session: StreamSessionView): void
}

export interface StreamFilterSlot {
  readonly name: string
  choose(arrival: Arrival): StreamFilter | undefined
}

export interface StreamSessionView {
  readonly connection: ConnectionInfo
  readonly route: StreamRoute
  readonly encrypted: boolean
  readonly arrival: Arrival
  readonly serverName: string | undefined
  /** Where the session goes; undefined = where its route says. A filter may set it in `preread`. */
  target: ExchangeTarget | undefined
  /** Sends these bytes and ends the session in place of the upstream. The first answer counts. */
  answer(bytes: Uint8Array | string): void
  readonly answered: boolean
  readonly notes: Map<unknown, unknown>
  /** From here on: known in `finished`. */
  readonly status: number
  readonly bytesToClient: number
  readonly bytesFromClient: number
  readonly durationMs: number
  /** Unix time in ms. */
  readonly startedAt: number
}
