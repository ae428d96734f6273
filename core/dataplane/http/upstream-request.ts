import { messageOf } from '#core/base/errors.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import { DialError } from '#core/dataplane/upstreams/dial-error.ts'
import { formatAddress, type SocketAddress } from '#core/model/address.ts'
import type { ReplyCause } from '#core/model/local-reply.ts'
import type { ExchangeClient } from './exchange-client.ts'
import type { ExchangePlan } from './plan-exchange.ts'
import type { RequestBody } from './request-body.ts'
import { UpstreamConnection, type ConnectionUser } from './upstream-connection.ts'
import { writeMessage } from './write-message.ts'

export interface UpstreamEvents {
  /** The request's head was sent on a connection, the first one or after another failed. */
  upstreamConnected(): void
  /** The connection takes more of the body. */
  upstreamReady(): void
  /** The connection takes no more of the body until `upstreamReady`. */
  upstreamStalled(): void
  upstreamBytes(bytes: Uint8Array): void
  /** The connection ended after `responseBegan`; with a fault if not orderly. */
  upstreamEnded(fault: Error | undefined): void
  /** Nothing came for too long after `responseBegan`. */
  upstreamSilent(reason: string): void
  /** No attempt succeeded. */
  upstreamFailed(cause: ReplyCause): void
}

/** Sends a request to its upstream: on an idle connection or a new one, and again where Kong 1.1 tries again. */
export class UpstreamRequest implements ConnectionUser {
  readonly #client: ExchangeClient
  readonly #plan: ExchangePlan
  readonly #body: RequestBody
  readonly #events: UpstreamEvents
  readonly #address: SocketAddress
  #attempts = 0
  #dialing: AbortController | undefined
  #connection: UpstreamConnection | undefined
  #stalled = false
  #responseBegan = false

  constructor(
    client: ExchangeClient,
    plan: ExchangePlan,
    body: RequestBody,
    events: UpstreamEvents,
  ) {
    this.#client = client
    this.#plan = plan
    this.#address = { address: plan.target.host, port: plan.target.port }
    this.#body = body
    this.#events = events
  }

  start(options: { readonly fresh?: boolean } = {}): void {
    const { pool, info, context } = this.#client
    this.#attempts += 1
    context.observer.dialing(info, this.#attempts, this.#address)
    const idle = options.fresh === true ? undefined : pool.take(this.#plan.target.poolKey)
    if (idle === undefined) this.#dial()
    else this.#send(idle, true)
  }

  /** Takes bytes of the body from `start` on and returns up to where; `start` itself = not now. */
  take(bytes: Uint8Array, start: number): number {
    if (this.#connection === undefined || this.#stalled) return start
    const end = this.#body.take(bytes, start)
    if (!this.#connection.channel.write(bytes.subarray(start, end))) this.#stall()
    else if (this.#body.done) this.awaitResponse()
    return end
  }

  /** From now on the request cannot be tried elsewhere. */
  responseBegan(): void {
    this.#responseBegan = true
  }

  /** Expects the upstream to speak within its read timeout, if it has got the whole request. */
  awaitResponse(): void {
    if (this.#connection === undefined || this.#stalled || !this.#body.done) return
    this.#client.upstreamDeadline.start(this.#plan.upstream.readTimeoutMs)
  }

  pauseResponse(): void {
    this.#client.upstreamDeadline.stop()
    this.#connection?.channel.pause()
  }

  resumeResponse(): void {
    this.#connection?.channel.resume()
    this.awaitResponse()
  }

  /** The upstream deadline of the client has passed. */
  timedOut(): void {
    const { writeTimeoutMs, readTimeoutMs } = this.#plan.upstream
    const reason = this.#stalled
      ? `The upstream took nothing for ${writeTimeoutMs} ms`
      : `The upstream sent nothing for ${readTimeoutMs} ms`
    if (this.#responseBegan) this.#events.upstreamSilent(reason)
    else this.#brokeOff(504, reason)
  }

  /** Gives the connection back after a complete response. */
  finish(options: { readonly reusable: boolean }): void {
    const { ended } = this.#connection!
    const channel = this.release()
    if (!this.#body.done) channel.reset()
    else if (ended || !options.reusable) channel.close()
    else {
      const { upstreamKeepAlive } = this.#client.context.listener.settings
      this.#client.pool.give(this.#plan.target.poolKey, channel, upstreamKeepAlive)
    }
  }

  /** Lets go of the connection without closing it. */
  release(): Channel {
    this.#client.upstreamDeadline.stop()
    const channel = this.#connection!.release()
    this.#connection = undefined
    return channel
  }

  /** Gives up whatever is under way. */
  abort(): void {
    this.#dialing?.abort()
    if (this.#connection !== undefined) this.release().reset()
  }

  #dial(): void {
    const { upstream, target } = this.#plan
    const { context, info } = this.#client
    const dialing = (this.#dialing = new AbortController())
    const dialed = context.dial({
      host: target.host,
      port: target.port,
      source: upstream.source,
      connectTimeoutMs: upstream.connectTimeoutMs,
      tls: target.tls ? { serverName: target.serverName, alpn: ['http/1.1'] } : undefined,
      signal: dialing.signal,
    })
    const onDialed = (channel: Channel): void => {
      if (dialing.signal.aborted) return channel.reset()
      this.#dialing = undefined
      this.#send(channel, false)
    }
    const onFailed = (error: unknown): void => {
      if (dialing.signal.aborted) return
      this.#dialing = undefined
      const reason = error instanceof DialError ? error.reason : messageOf(error)
      context.observer.dialFailed(info, this.#attempts, this.#address, reason)
      this.#failed(causeOf(error))
    }
    dialed.then(onDialed, onFailed)
  }

  #send(channel: Channel, reused: boolean): void {
    const connection = new UpstreamConnection(channel, reused, this)
    this.#connection = connection
    this.#stalled = !writeMessage(channel, this.#plan.requestHead, this.#body.kept, '')
    this.#events.upstreamConnected()
    channel.open(connection)
    if (this.#stalled) this.#stall()
    else if (this.#body.done) this.awaitResponse()
    else this.#events.upstreamReady()
  }

  #stall(): void {
    this.#stalled = true
    this.#client.upstreamDeadline.start(this.#plan.upstream.writeTimeoutMs)
    this.#events.upstreamStalled()
  }

  connectionDrained(): void {
    if (!this.#stalled) return
    this.#stalled = false
    this.#client.upstreamDeadline.stop()
    if (this.#body.done) this.awaitResponse()
    else this.#events.upstreamReady()
  }

  connectionBytes(bytes: Uint8Array): void {
    this.#events.upstreamBytes(bytes)
  }

  connectionEnded(fault: Error | undefined): void {
    if (this.#responseBegan) return this.#events.upstreamEnded(fault)
    const how = fault === undefined ? 'closed the connection' : `broke off (${fault.message})`
    this.#brokeOff(502, `The upstream ${how} before it answered`)
  }

  /** A connection failed before its response began. */
  #brokeOff(status: number, reason: string): void {
    const { reused, answering } = this.#connection!
    this.release().reset()
    if (status === 502 && reused && !answering && this.#body.repeatable) {
      // The upstream closed an idle connection just as it was used again: that says nothing about a new one.
      this.#attempts -= 1
      return this.start({ fresh: true })
    }
    const { context, info } = this.#client
    context.observer.fault(info, `${reason}, upstream: ${formatAddress(this.#address)}`)
    this.#failed({ kind: 'status', status }, { sent: true })
  }

  #failed(cause: ReplyCause, { sent = false }: { readonly sent?: boolean } = {}): void {
    this.#stalled = false
    const again = cause.kind === 'status' && (!sent || this.#body.repeatable)
    if (again && this.#attempts <= this.#plan.upstream.retries) this.start()
    else this.#events.upstreamFailed(cause)
  }
}

function causeOf(error: unknown): ReplyCause {
  const kind = error instanceof DialError ? error.kind : undefined
  if (kind === 'name-resolution') return { kind: 'name-resolution-failed' }
  return { kind: 'status', status: kind === 'timeout' ? 504 : 502 }
}
