import { messageOf } from '#core/base/errors.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import { chooseAuthority } from '#core/dataplane/mesh/choose-authority.ts'
import { membershipKey } from '#core/dataplane/mesh/membership-key.ts'
import {
  ChooseError,
  type AddressChoice,
  type AttemptResult,
  type ChosenAddress,
} from '#core/dataplane/upstreams/address-chooser.ts'
import { DialError } from '#core/dataplane/upstreams/dial-error.ts'
import { formatAddress } from '#core/model/address.ts'
import type { UpstreamAttempt } from '#core/model/http-filter.ts'
import type { Arrival, MeshMembership } from '#core/model/mesh.ts'
import type { ReplyCause } from '#core/model/local-reply.ts'
import type { ExchangeClient } from './exchange-client.ts'
import type { OutgoingBody } from './outgoing-body.ts'
import type { ExchangePlan } from './plan-exchange.ts'
import { UpstreamConnection, type ConnectionUser } from './upstream-connection.ts'
import { connectionKey, nameAt, type UpstreamName } from './upstream-target.ts'
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

/** Where an attempt goes. */
interface Course {
  readonly address: ChosenAddress
  readonly name: UpstreamName
  readonly poolKey: string
}

/** An attempt as it is told to those who ask; it may still turn out to have failed. */
type Attempt = { -readonly [key in keyof UpstreamAttempt]: UpstreamAttempt[key] }

/** Sends a request to its upstream: on an idle connection or a new one, and again where Kong 1.1 tries again. */
export class UpstreamRequest implements ConnectionUser {
  readonly #client: ExchangeClient
  readonly #plan: ExchangePlan
  readonly #body: OutgoingBody
  readonly #events: UpstreamEvents
  readonly #choice: AddressChoice
  readonly #attempts: Attempt[] = []
  #course: Course | undefined
  #dialing: AbortController | undefined
  #connection: UpstreamConnection | undefined
  #stalled = false
  #responseBegan = false
  #aborted = false

  constructor(
    client: ExchangeClient,
    plan: ExchangePlan,
    choice: AddressChoice,
    body: OutgoingBody,
    events: UpstreamEvents,
  ) {
    this.#client = client
    this.#plan = plan
    this.#choice = choice
    this.#body = body
    this.#events = events
  }

  get attempts(): readonly UpstreamAttempt[] {
    return this.#attempts
  }

  /** Cookie for the client, as a `Set-Cookie` value. */
  get setCookie(): string | undefined {
    return this.#choice.setCookie
  }

  /** Makes an attempt at the next address. */
  start(): void {
    let chosen
    try {
      chosen = this.#choice.next()
    } catch (error) {
      return this.#notChosen(error)
    }
    if (!(chosen instanceof Promise)) return this.#attempt(chosen)
    const onChosen = (address: ChosenAddress): void => {
      if (!this.#aborted) this.#attempt(address)
    }
    const onFailed = (error: unknown): void => {
      if (!this.#aborted) this.#notChosen(error)
    }
    chosen.then(onChosen, onFailed)
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
  responseBegan(status: number): void {
    this.#responseBegan = true
    this.#report({ kind: 'status', status })
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
    if (this.#responseBegan) {
      this.#report({ kind: 'timeout' })
      this.#events.upstreamSilent(reason)
    } else this.#brokeOff(504, reason)
  }

  /** Gives the connection back after a complete response. */
  finish(options: { readonly reusable: boolean }): void {
    const { ended } = this.#connection!
    const channel = this.release()
    if (!this.#body.done) channel.reset()
    else if (ended || !options.reusable) channel.close()
    else {
      const { upstreamKeepAlive } = this.#client.context.listener.settings
      this.#client.pool.give(this.#course!.poolKey, channel, upstreamKeepAlive)
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
    this.#aborted = true
    this.#dialing?.abort()
    if (this.#connection !== undefined) this.release().reset()
  }

  #attempt(address: ChosenAddress): void {
    const { target } = this.#plan
    const { joining } = this.#client.context.surroundings()
    if (target.tls && joining?.ended !== undefined) {
      // Whoever is dialled may be a peer: this node is to introduce itself as what it is about to be.
      const onEnded = (): void => {
        if (!this.#aborted) this.#attempt(address)
      }
      return void joining.ended.then(onEnded)
    }
    const name = nameAt(target, address)
    this.#course = {
      address,
      name,
      poolKey: connectionKey(target, address, name, membershipKey(this.#mesh)),
    }
    this.#attempts.push({ address, startedAt: Date.now(), durationMs: 0, outcome: 'connected' })
    this.#connect({ fresh: false })
  }

  #notChosen(error: unknown): void {
    const { info, context } = this.#client
    const { host, port } = this.#plan.target
    const number = this.#attempts.length + 1
    context.observer.dialFailed(info, number, { address: host, port }, messageOf(error))
    this.#events.upstreamFailed(chooseCause(error, number))
  }

  #connect({ fresh }: { readonly fresh: boolean }): void {
    const { pool, info, context } = this.#client
    const { address, poolKey } = this.#course!
    context.observer.dialing(info, this.#attempts.length, address)
    const idle = fresh ? undefined : pool.take(poolKey)
    if (idle === undefined) this.#dial()
    else this.#send(idle, true)
  }

  #dial(): void {
    const { upstream, source, target } = this.#plan
    const { address, name } = this.#course!
    const { context, info } = this.#client
    const dialing = (this.#dialing = new AbortController())
    const startedMs = performance.now()
    const dialed = context.dial({
      host: address.address,
      port: address.port,
      source,
      connectTimeoutMs: upstream.connectTimeoutMs,
      tls: target.tls
        ? { serverName: name.serverName, alpn: ['http/1.1'], identity: upstream.identity }
        : undefined,
      signal: dialing.signal,
    })
    const onDialed = (channel: Channel): void => {
      if (dialing.signal.aborted) return channel.reset()
      this.#dialing = undefined
      this.#attempts.at(-1)!.durationMs = performance.now() - startedMs
      this.#send(channel, false)
    }
    const onFailed = (error: unknown): void => {
      if (dialing.signal.aborted) return
      this.#dialing = undefined
      const reason = error instanceof DialError ? error.reason : messageOf(error)
      context.observer.dialFailed(info, this.#attempts.length, address, reason)
      const timeout = error instanceof DialError && error.kind === 'timeout'
      this.#attempts.at(-1)!.durationMs = performance.now() - startedMs
      this.#failed(timeout ? 504 : 502, { sent: false })
    }
    dialed.then(onDialed, onFailed)
  }

  #send(channel: Channel, reused: boolean): void {
    const connection = new UpstreamConnection(channel, reused, this)
    this.#connection = connection
    const head = this.#plan.renderHead(this.#course!.name.hostHeader, this.#whoIs(channel))
    this.#stalled = !writeMessage(channel, head, this.#body.kept, '')
    this.#body.wasSent()
    this.#events.upstreamConnected()
    channel.open(connection)
    if (this.#stalled) this.#stall()
    else if (this.#body.done) this.awaitResponse()
    else this.#events.upstreamReady()
  }

  get #mesh(): MeshMembership | undefined {
    return this.#client.context.surroundings().mesh
  }

  /** A peer that has agreed to a protocol of the mesh has proved that it belongs to it. */
  #whoIs({ tls }: Channel): Arrival {
    if (tls?.alpn === undefined) return 'client'
    return chooseAuthority(this.#mesh, [tls.alpn]) === undefined ? 'client' : 'mesh-peer'
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
      return this.#connect({ fresh: true })
    }
    const { context, info } = this.#client
    const { address } = this.#course!
    context.observer.fault(info, `${reason}, upstream: ${formatAddress(address)}`)
    this.#failed(status, { sent: true })
  }

  #failed(status: number, { sent }: { readonly sent: boolean }): void {
    this.#stalled = false
    Object.assign(this.#attempts.at(-1)!, { outcome: 'failed', code: status })
    this.#report({ kind: status === 504 ? 'timeout' : 'connect-failed' })
    const again = !sent || this.#body.repeatable
    if (again && this.#attempts.length <= this.#plan.upstream.retries) this.start()
    else this.#events.upstreamFailed({ kind: 'status', status })
  }

  #report(result: AttemptResult): void {
    this.#course?.address.report(result)
  }
}

/** A request that was sent somewhere before is told only that there is nowhere else, as by nginx. */
function chooseCause(error: unknown, attempt: number): ReplyCause {
  if (!(error instanceof ChooseError)) return { kind: 'internal-error' }
  if (attempt > 1) return { kind: 'status', status: 503 }
  return error.kind === 'name-resolution'
    ? { kind: 'name-resolution-failed' }
    : { kind: 'no-healthy-target' }
}
