import type { SocketAddress } from './address.ts'
import type { HeaderList } from './header-list.ts'
import type { HttpRoute } from './http-route.ts'
import type { Arrival } from './mesh.ts'
import type { ConnectionInfo } from './observer.ts'
import type { Principal } from './principal.ts'

/**
 * Takes part in exchanges: looks at requests, changes or answers them, looks at what comes back. One object stands for
 * one configuration and is shared by all its exchanges; what belongs to a single one goes into `exchange.notes`.
 *
 * A phase that throws or rejects is a defect: the client gets 500, the error log the reason.
 */
export interface HttpFilter {
  /** Before a route is chosen. Only the filters of the listener are asked. */
  rewrite?(exchange: HttpExchange): void | Promise<void>
  /** A route is chosen, nothing is sent upstream yet. After an answer the filters that follow are not asked. */
  access?(exchange: HttpExchange): void | Promise<void>
  /** `exchange.response` is known and nothing of it is sent yet, whoever gave it. */
  responseHead?(exchange: HttpExchange): void
  /** The client has got its answer, or is gone. Whatever it starts is its own affair. */
  finished?(exchange: HttpExchange): void
}

/**
 * One place in a chain. Which filter takes it can depend on what the filters before it found out, so it is chosen when
 * its turn comes; the choice holds for the rest of the exchange, also when an earlier filter has answered.
 */
export interface FilterSlot {
  /** Name of the filter, unique in a chain. */
  readonly name: string
  choose(principal: Principal | undefined, arrival: Arrival): HttpFilter | undefined
}

/** In the order in which they are asked, in every phase. */
export type FilterChain = readonly FilterSlot[]

export interface HttpExchange {
  readonly connection: ConnectionInfo
  /** The client as far as trusted peers tell the truth about it; otherwise the direct peer. */
  readonly client: SocketAddress
  /** Whether the client's connection is TLS that ends here. */
  readonly encrypted: boolean
  readonly arrival: Arrival
  readonly request: FilteredRequest
  /** undefined before routing, and for a request that no route takes. */
  readonly route: HttpRoute | undefined
  /** undefined until `responseHead`. In `finished` always there: 499 when the client left before it was answered. */
  readonly response: FilteredResponse | undefined
  /** Who the client was found to be. Filters that authenticate set it. */
  principal: Principal | undefined
  /** Where the request goes; undefined = where its route says. A filter may set it in `access`. */
  target: ExchangeTarget | undefined
  /** Answers in place of the upstream. The first answer counts; only in `rewrite` and `access`. */
  answer(reply: FilterReply): void
  readonly answered: boolean
  /** What was tried to reach the upstream, in order. */
  readonly attempts: readonly UpstreamAttempt[]
  readonly timing: ExchangeTiming
  /** Left by a filter for its later phases, or for others; keys are the filters' own objects or agreed names. */
  readonly notes: Map<unknown, unknown>
}

export interface ExchangeTarget {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

export interface FilteredRequest {
  /** As received. */
  readonly line: string
  /** As received: path and query. */
  readonly target: string
  /** As received, without query. */
  readonly path: string
  /** Upper case as sent upstream; can be replaced until the end of `access`. */
  method: string
  /** Query with its `?`, or empty. Can be replaced until the end of `access`. */
  query: string
  /** Path for the upstream, without query; known from `access` on and can be replaced in it. */
  upstreamPath: string
  /**
   * As received, and what filters made of it; forwarding headers are put over it when it is sent on. `Host` is the
   * client's: to send another one upstream, set `upstreamHost`.
   */
  readonly headers: HeaderList
  /** `Host` for the upstream; undefined = what the route says. */
  upstreamHost: string | undefined
  /** Bytes of the request so far, head included. */
  readonly bytes: number
  /** `Content-Length`, when there is one. */
  readonly contentLength: number | undefined
  /**
   * Waits for the whole body and keeps it; what is sent upstream is then this body. After `replaceBody` it is that one.
   * Rejects with `BodyTooLargeError` above `maxBytes` (default 8 MiB); the body is then still sent on, and can be asked
   * for with a higher limit.
   */
  readBody(options?: { readonly maxBytes?: number }): Promise<Buffer>
  /** Sends this body upstream in place of the client's. */
  replaceBody(body: Uint8Array): void
}

export interface FilteredResponse {
  /** Who gave it: the upstream, a filter, or the proxy itself (no route, upstream unreachable …). */
  readonly source: 'upstream' | 'filter' | 'proxy'
  status: number
  readonly headers: HeaderList
  /**
   * Sees each piece of the body on its way to the client and returns what goes on in its place; `last` comes exactly
   * once, with the last piece or an empty one. The length of the body is then not announced. To be called in
   * `responseHead`; transformations run in the order in which they were added.
   */
  transformBody(transform: (piece: Uint8Array, last: boolean) => Uint8Array): void
  /** Bytes sent to the client so far, head included. */
  readonly bytes: number
}

/** Headers without Content-Length, Connection, Date and Server, which the data plane adds. */
export interface FilterReply {
  readonly status: number
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string | Uint8Array
}

export interface UpstreamAttempt {
  readonly address: SocketAddress
  /** Unix time in ms. */
  readonly startedAt: number
  /** Until the connection stood or failed, in ms. */
  readonly durationMs: number
  readonly outcome: 'connected' | 'failed' | 'next'
  /** Status that stands for the failure: 502 or 504. */
  readonly code?: number
}

export interface ExchangeTiming {
  /** Unix time in ms when the first byte of the request was read. */
  readonly startedAt: number
  /** Spent in this proxy before the upstream was asked, in ms. Without an upstream all of the time so far. */
  readonly proxyMs: number
  /** From asking the upstream to the head of its answer, in ms; undefined = it was not asked or did not answer. */
  readonly upstreamMs: number | undefined
  /** All of it so far. */
  readonly totalMs: number
}

/** A body was longer than the filter wanted to hold. */
export class BodyTooLargeError extends Error {
  constructor(maxBytes: number) {
    super(`The request body is longer than ${maxBytes} bytes`)
    this.name = 'BodyTooLargeError'
  }
}
