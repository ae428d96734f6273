import { RequestHeadReader, type RequestHead } from '#core/codec/http1-request-head.ts'
import { ResponseHeadReader } from '#core/codec/http1-response-head.ts'
import { HttpSyntaxError } from '#core/codec/http1-syntax-error.ts'
import type { Channel, Sink } from '#core/dataplane/channel/channel.ts'
import type { HttpSettings } from '#core/model/listener.ts'
import type { ConnectionInfo } from '#core/model/observer.ts'
import { Deadline } from './deadline.ts'
import type { ExchangeClient } from './exchange-client.ts'
import { Exchange } from './exchange.ts'
import type { ClientSide } from './forward-headers.ts'
import { hostContradiction } from './host-agreement.ts'
import type { HttpConnection, HttpContext } from './http-context.ts'
import { resolveClient } from './real-ip.ts'
import type { RequestBody } from './request-body.ts'
import { salvageHead } from './salvage-head.ts'
import { isTrustedPeer } from './trusted-peers.ts'
import type { UpstreamPool } from './upstream-pool.ts'
import { writeMessage } from './write-message.ts'

/** nginx's default for the longest line of a request head. */
const maxLineBytes = 8 * 1024

/** Large enough for whatever nginx takes from an upstream by default, and more. */
const responseLimits = { maxHeadBytes: 64 * 1024, maxLineBytes: 32 * 1024 }

/** nginx's default for how long a client may neither send its body nor take its answer. */
const clientStallMs = 60_000

/** How long an upstream has to begin its answer after the client has closed its sending direction. */
const halfClosedMs = 500

/** Serves HTTP/1.1 on a connection until it closes: one request after the other, each by way of its upstream. */
export function serveHttp(
  channel: Channel,
  connection: ConnectionInfo,
  context: HttpContext,
): HttpConnection {
  return new ServerConnection(channel, connection, context)
}

type State =
  /** Between requests, or reading the head of one. */
  | 'head'
  | 'exchange'
  /** The answer is given, the rest of the request is thrown away. */
  | 'discard'
  | 'over'

class ServerConnection implements Sink, ExchangeClient, HttpConnection {
  readonly channel: Channel
  readonly info: ConnectionInfo
  readonly context: HttpContext
  readonly pool: UpstreamPool
  readonly responseReader = new ResponseHeadReader(responseLimits)
  readonly upstreamDeadline = new Deadline(() => this.#exchange?.upstreamTimedOut())
  readonly #deadline = new Deadline(() => this.#timedOut())
  readonly #reader: RequestHeadReader
  /** What came of a head that is not complete. */
  #partial: Buffer[] = []
  /** When the first byte of it came. */
  #beganMs = 0
  #side: ClientSide | undefined
  #sideSettings: HttpSettings | undefined
  #state: State = 'head'
  #exchange: Exchange | undefined
  #unread: RequestBody | undefined
  /** Whether bytes wait in the channel for something else to happen first. */
  #held = false
  #stalled = false
  #draining = false
  #ended = false

  constructor(channel: Channel, info: ConnectionInfo, context: HttpContext) {
    const { settings } = context.listener
    this.channel = channel
    this.info = info
    this.context = context
    this.pool = context.upstreams
    this.#reader = new RequestHeadReader({
      maxHeadBytes: settings.maxHeadBytes,
      maxLineBytes: Math.min(maxLineBytes, settings.maxHeadBytes),
    })
    this.#deadline.start(settings.headTimeoutMs)
    channel.open(this)
  }

  get lasting(): boolean {
    return !this.#draining && !this.#ended && this.context.listener.settings.keepAliveTimeoutMs > 0
  }

  sideOf(head: RequestHead): ClientSide {
    const { settings } = this.context.listener
    let side = this.#side
    if (side === undefined || this.#sideSettings !== settings) {
      const { client, destination } = this.info
      side = {
        peer: client.address,
        client,
        destination,
        peerTrusted: isTrustedPeer(settings, client.address),
        encrypted: this.context.encrypted,
      }
      this.#side = side
      this.#sideSettings = settings
    }
    if (!side.peerTrusted) return side
    return { ...side, client: resolveClient(this.info, head.fields, settings) }
  }

  get stalled(): boolean {
    return this.#stalled
  }

  drain(): void {
    this.#draining = true
    if (this.#state === 'discard' || (this.#state === 'head' && !this.#reader.begun)) this.#close()
  }

  retire(): void {
    this.#draining = true
  }

  onBytes(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length && this.#state !== 'over') {
      const next = this.#take(bytes, at)
      if (next === at) return this.#hold(bytes.subarray(at))
      at = next
    }
  }

  onEnd(): void {
    this.#ended = true
    const exchange = this.#exchange
    if (exchange === undefined) this.#close()
    else if (exchange.awaitsBody) this.#clientLeft()
    // A client that has sent all it wants to and one that was killed look the same: whoever still listens gets an
    // answer that comes soon, and no upstream works long for somebody who is gone.
    else if (!exchange.answering) this.#deadline.start(halfClosedMs)
  }

  onDrain(): void {
    this.#stalled = false
    this.#deadline.stop()
    if (this.#exchange === undefined) this.#awaitHead()
    else this.#exchange.clientDrained()
    this.#release()
  }

  onClosed(): void {
    this.#state = 'over'
    const exchange = this.#exchange
    this.#exchange = undefined
    exchange?.clientLeft()
    this.#dispose()
  }

  send(prefix: string, body: Uint8Array, suffix: string): void {
    if (writeMessage(this.channel, prefix, body, suffix) || this.#stalled) return
    this.#stalled = true
    this.#deadline.start(clientStallMs)
  }

  resumeBody(): void {
    if (!this.#stalled) this.#deadline.start(clientStallMs)
    this.#release()
  }

  pauseBody(): void {
    this.#held = true
    this.channel.pause()
    if (!this.#stalled) this.#deadline.stop()
  }

  answered(outcome: {
    readonly persistent: boolean
    readonly unread: RequestBody | undefined
  }): void {
    this.#exchange = undefined
    if (!outcome.persistent || !this.lasting) return this.#close()
    if (outcome.unread === undefined) {
      this.#state = 'head'
      this.#awaitHead()
    } else {
      this.#state = 'discard'
      this.#unread = outcome.unread
      if (!this.#stalled) this.#deadline.start(clientStallMs)
    }
    if (!this.#stalled) this.#release()
  }

  abandoned({ byReset }: { readonly byReset: boolean }): void {
    this.#exchange = undefined
    if (!byReset) return this.#close()
    this.#state = 'over'
    this.channel.reset()
  }

  upgraded(): void {
    this.#exchange = undefined
    this.#state = 'over'
    this.#dispose()
  }

  /** Takes bytes from `at` on and returns up to where; `at` itself = not now. */
  #take(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case 'head':
        // A client that does not read its answers gets no more of them.
        return this.#stalled ? at : this.#readHead(bytes, at)
      case 'exchange':
        return this.#readBody(bytes, at)
      case 'discard':
        return this.#discard(bytes, at)
      case 'over':
        break
    }
    return bytes.length
  }

  #readHead(bytes: Uint8Array, at: number): number {
    const begun = this.#reader.begun
    if (!begun) this.#beganMs = performance.now()
    let end
    let head: RequestHead | undefined
    try {
      end = this.#reader.read(bytes, at)
      head = this.#reader.take()
    } catch (fault) {
      if (!(fault instanceof HttpSyntaxError)) throw fault
      this.#partial.push(Buffer.from(bytes.subarray(at)))
      this.#refuse(fault.status, fault.message)
      return bytes.length
    }
    if (head === undefined) {
      this.#partial.push(Buffer.from(bytes.subarray(at, end)))
      if (!begun) this.#deadline.start(this.context.listener.settings.headTimeoutMs)
      return end
    }
    this.#deadline.stop()
    if (begun) this.#partial = []
    this.#state = 'exchange'
    const exchange = new Exchange(this, head, this.#beganMs)
    this.#exchange = exchange
    const contradiction = hostContradiction(head, this.info.destination)
    if (contradiction === undefined) exchange.start()
    else {
      this.context.observer.fault(this.info, contradiction)
      exchange.refuse(400)
    }
    return end
  }

  #readBody(bytes: Uint8Array, at: number): number {
    const exchange = this.#exchange!
    const end = exchange.takeBody(bytes, at)
    if (this.#exchange !== exchange || this.#stalled) return end
    if (exchange.awaitsBody && end > at && !this.#held) this.#deadline.start(clientStallMs)
    else this.#deadline.stop()
    return end
  }

  #discard(bytes: Uint8Array, at: number): number {
    const body = this.#unread!
    let end
    try {
      end = body.discard(bytes, at)
    } catch (fault) {
      if (!(fault instanceof HttpSyntaxError)) throw fault
      this.#close()
      return bytes.length
    }
    if (body.done) {
      this.#unread = undefined
      this.#state = 'head'
      this.#awaitHead()
    }
    return end
  }

  #awaitHead(): void {
    if (this.#stalled) return
    this.#deadline.start(this.context.listener.settings.keepAliveTimeoutMs)
  }

  /** Answers what could not be read as a request, and closes. */
  #refuse(status: number, reason: string): void {
    this.context.observer.fault(this.info, reason)
    const text = Buffer.concat(this.#partial).toString('latin1')
    const head = salvageHead(this.#reader.partialLine, text, { maxLineBytes })
    new Exchange(this, head, this.#beganMs).refuse(status)
  }

  #timedOut(): void {
    const exchange = this.#exchange
    if (this.#stalled || (this.#ended && exchange?.answering === false)) this.#clientLeft()
    else if (exchange !== undefined) {
      if (exchange.awaitsBody) {
        exchange.requestFailed(408, 'The client did not send its request body in time')
      }
    } else if (this.#state === 'head' && this.#reader.begun) {
      this.#refuse(408, 'The client did not send its request head in time')
    } else this.#close()
  }

  #clientLeft(): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#state = 'over'
    exchange?.clientLeft()
    this.channel.reset()
  }

  #hold(rest: Uint8Array): void {
    this.channel.unread(rest)
    this.channel.pause()
    this.#held = true
  }

  #release(): void {
    if (!this.#held) return
    this.#held = false
    this.channel.resume()
  }

  #close(): void {
    this.#state = 'over'
    this.#deadline.stop()
    this.channel.close()
  }

  #dispose(): void {
    this.#deadline[Symbol.dispose]()
    this.upstreamDeadline[Symbol.dispose]()
  }
}
