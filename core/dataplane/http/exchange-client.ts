import type { RequestHead } from '#core/codec/http1-request-head.ts'
import type { ResponseHeadReader } from '#core/codec/http1-response-head.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import type { ConnectionInfo } from '#core/model/observer.ts'
import type { Deadline } from './deadline.ts'
import type { ClientSide } from './forward-headers.ts'
import type { HttpContext } from './http-context.ts'
import type { RequestBody } from './request-body.ts'
import type { UpstreamPool } from './upstream-pool.ts'

/** What an exchange sees of the connection that its request came on. */
export interface ExchangeClient {
  readonly info: ConnectionInfo
  readonly channel: Channel
  readonly context: HttpContext
  readonly pool: UpstreamPool
  /** Reads what the upstream of the current exchange answers. */
  readonly responseReader: ResponseHeadReader
  /** Watches the upstream of the current exchange. */
  readonly upstreamDeadline: Deadline
  /** Whether another request may follow on the connection, as far as this proxy is concerned. */
  readonly lasting: boolean
  /** Who sends this request, as far as is known. */
  sideOf(head: RequestHead): ClientSide
  /** Sends to the client. When it reads too slowly, the exchange is told of the moment that it caught up. */
  send(prefix: string, body: Uint8Array, suffix: string): void
  /** Whether the client has yet to take what was sent to it. */
  readonly stalled: boolean
  /** The exchange takes more of the request's body now. */
  resumeBody(): void
  /** The exchange takes nothing of the request's body for now. */
  pauseBody(): void
  /** The answer is complete and the exchange over; `unread` is what still comes of the request's body. */
  answered(outcome: {
    readonly persistent: boolean
    readonly unread: RequestBody | undefined
  }): void
  /** The answer cannot be completed. Where a close would look like its end, only a reset tells the client. */
  abandoned(how: { readonly byReset: boolean }): void
  /** The exchange is over and the channel belongs to another protocol. */
  upgraded(): void
}
