import type { SocketAddress } from '#core/model/address.ts'
import type {
  ExchangeTarget,
  ExchangeTiming,
  FilterReply,
  HttpExchange,
  UpstreamAttempt,
} from '#core/model/http-filter.ts'
import type { HttpRoute } from '#core/model/http-route.ts'
import type { Arrival } from '#core/model/mesh.ts'
import type { ConnectionInfo } from '#core/model/observer.ts'
import type { Principal } from '#core/model/principal.ts'
import type { RequestInFilters } from './filtered-request.ts'
import type { ResponseInFilters } from './filtered-response.ts'
import type { RequestChanges } from './plan-exchange.ts'

/** What goes on meanwhile. */
export interface ExchangeProgress {
  readonly attempts: readonly UpstreamAttempt[]
  readonly timing: ExchangeTiming
}

export interface ExchangeParties {
  readonly connection: ConnectionInfo
  readonly client: SocketAddress
  readonly encrypted: boolean
  readonly arrival: Arrival
}

/** An exchange as filters see it. */
export class ExchangeInFilters implements HttpExchange {
  readonly connection: ConnectionInfo
  readonly client: SocketAddress
  readonly encrypted: boolean
  readonly arrival: Arrival
  readonly request: RequestInFilters
  readonly notes = new Map<unknown, unknown>()
  route: HttpRoute | undefined
  response: ResponseInFilters | undefined
  principal: Principal | undefined
  target: ExchangeTarget | undefined
  readonly #progress: ExchangeProgress
  #reply: FilterReply | undefined
  #open = true

  constructor(parties: ExchangeParties, request: RequestInFilters, progress: ExchangeProgress) {
    this.connection = parties.connection
    this.client = parties.client
    this.encrypted = parties.encrypted
    this.arrival = parties.arrival
    this.request = request
    this.#progress = progress
  }

  get attempts(): readonly UpstreamAttempt[] {
    return this.#progress.attempts
  }

  get timing(): ExchangeTiming {
    return this.#progress.timing
  }

  get answered(): boolean {
    return this.#reply !== undefined
  }

  get reply(): FilterReply | undefined {
    return this.#reply
  }

  /** @throws Error once it is decided what the client gets. */
  answer(reply: FilterReply): void {
    if (!this.#open) throw new Error('A filter answered after the access phase')
    this.#reply ??= reply
  }

  /** What filters made of the request. */
  get changes(): RequestChanges {
    const { method, upstreamPath, query, headers, upstreamHost, replacement } = this.request
    return {
      target: this.target,
      hostHeader: upstreamHost,
      method,
      path: upstreamPath,
      query,
      fields: headers.fields,
      bodyBytes: replacement?.length,
    }
  }

  /** From now on nobody can answer. */
  close(): void {
    this.#open = false
  }
}
