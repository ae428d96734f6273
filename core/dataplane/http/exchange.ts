import { HeaderField, headerValue } from '#core/codec/http1-header-field.ts'
import type { RequestHead } from '#core/codec/http1-request-head.ts'
import type { ResponseHead } from '#core/codec/http1-response-head.ts'
import { HttpSyntaxError } from '#core/codec/http1-syntax-error.ts'
import type { HttpListener } from '#core/model/listener.ts'
import type { ReplyCause } from '#core/model/local-reply.ts'
import type { ExchangeClient } from './exchange-client.ts'
import { forwardResponseHeaders, type Latencies } from './forward-headers.ts'
import { renderLocalAnswer } from './local-answer.ts'
import { planExchange, type ExchangePlan } from './plan-exchange.ts'
import { RequestBody } from './request-body.ts'
import { ResponseBody, type Send } from './response-body.ts'
import { openTunnel } from './tunnel.ts'
import { UpstreamRequest, type UpstreamEvents } from './upstream-request.ts'

/** nginx: sending these twice could do twice what was asked for once. */
const notRepeatable = new Set(['POST', 'LOCK', 'PATCH'])

/** After these the rest of what the client sends has no use. */
const closingStatuses = new Set([400, 408, 413, 414, 494, 500])

/** nginx's word for a client that did not wait for its answer. */
const clientClosedRequest = 499

/** One request and its answer, both passed on as they come. */
export class Exchange implements UpstreamEvents {
  readonly #client: ExchangeClient
  /** As it was when the request came, whatever becomes of it meanwhile. */
  readonly #listener: HttpListener
  readonly #head: RequestHead
  readonly #body: RequestBody
  readonly #startedMs = performance.now()
  #plannedMs: number | undefined
  #plan: ExchangePlan | undefined
  #upstream: UpstreamRequest | undefined
  /** Whether the client waits for leave to send its body. */
  #expectsContinue: boolean
  #responseHead: ResponseHead | undefined
  #responseBody: ResponseBody | undefined
  /** Whether the client was sent any of the response. */
  #responseSent = false
  #persistent = false
  #bodyBytesSent = 0

  constructor(client: ExchangeClient, head: RequestHead) {
    this.#client = client
    this.#listener = client.context.listener
    this.#head = head
    this.#body = new RequestBody(head.framing, {
      maxBytes: this.#listener.settings.maxBodyBytes,
      repeatable: !notRepeatable.has(head.method),
    })
    this.#expectsContinue =
      !this.#body.done &&
      head.minorVersion === 1 &&
      headerValue(head.fields, 'expect')?.toLowerCase() === '100-continue'
  }

  start(): void {
    const { context, side, info } = this.#client
    const plan = planExchange(this.#head, this.#listener, side)
    if (plan.kind === 'refusal') {
      if (plan.cause.kind === 'no-route') context.observer.unrouted(info, 'http')
      return this.#answerLocally(plan.cause)
    }
    this.#plannedMs = performance.now()
    this.#plan = plan
    this.#upstream = new UpstreamRequest(this.#client, plan, this.#body, this)
    this.#upstream.start()
  }

  /** Whether the client has yet to send some of its request. */
  get awaitsBody(): boolean {
    return !this.#body.done
  }

  /** Takes bytes of the request's body from `start` on and returns up to where; `start` itself = not now. */
  takeBody(bytes: Uint8Array, start: number): number {
    if (this.#body.done || this.#upstream === undefined) return start
    try {
      return this.#upstream.take(bytes, start)
    } catch (fault) {
      if (!(fault instanceof HttpSyntaxError)) throw fault
      this.requestFailed(fault.status, fault.message)
      return bytes.length
    }
  }

  /** The rest of the request is missing or cannot be used. */
  requestFailed(status: number, reason: string): void {
    this.#client.context.observer.fault(this.#client.info, reason)
    this.#upstream?.abort()
    if (this.#responseSent) this.#abandon()
    else this.#answerLocally({ kind: 'status', status })
  }

  /** The client took what was sent to it. */
  clientDrained(): void {
    this.#upstream?.resumeResponse()
  }

  /** The client is gone, or as good as gone. */
  clientLeft(): void {
    this.#upstream?.abort()
    this.#record(this.#responseHead?.status ?? clientClosedRequest)
  }

  /** Whether the client has been sent anything of the answer. */
  get answering(): boolean {
    return this.#responseSent
  }

  upstreamTimedOut(): void {
    this.#upstream?.timedOut()
  }

  upstreamConnected(): void {
    this.#client.responseReader.reset()
  }

  upstreamReady(): void {
    if (this.#expectsContinue) {
      this.#expectsContinue = false
      if (!this.#body.begun) this.#client.send('HTTP/1.1 100 Continue\r\n\r\n', nothing, '')
    }
    this.#client.resumeBody()
  }

  upstreamStalled(): void {
    this.#client.pauseBody()
  }

  upstreamBytes(bytes: Uint8Array): void {
    try {
      this.#relay(bytes)
    } catch (fault) {
      if (!(fault instanceof HttpSyntaxError)) throw fault
      this.#responseFailed(`The upstream sent an invalid response: ${fault.message}`)
    }
  }

  upstreamEnded(fault: Error | undefined): void {
    // RFC 9112 section 8: a body without a length is complete however its connection ends. A server that answers
    // without reading the request ends it by a reset.
    if (this.#responseBody!.end(this.#send)) this.#complete({ reusable: false })
    else this.#responseFailed(fault?.message ?? 'The upstream ended in the middle of its response')
  }

  upstreamSilent(reason: string): void {
    this.#responseFailed(reason)
  }

  upstreamFailed(cause: ReplyCause): void {
    this.#answerLocally(cause)
  }

  #relay(bytes: Uint8Array): void {
    const { responseReader } = this.#client
    let at = 0
    let prefix = ''
    while (this.#responseHead === undefined) {
      at = responseReader.read(bytes, at)
      const head = responseReader.take(this.#head.method)
      if (head === undefined) return
      if (head.status === 101) return this.#switchProtocols(head, bytes.subarray(at))
      if (head.status >= 200) prefix = this.#beginResponse(head)
      else if (head.status > 100 && this.#head.minorVersion === 1) {
        this.#client.send(`${statusLine(head)}${HeaderField.render(head.fields)}\r\n`, nothing, '')
      }
    }
    const body = this.#responseBody!
    at = body.relay(bytes, at, prefix, this.#send)
    if (body.done) {
      const reusable = this.#responseHead.persistent && at === bytes.length
      return this.#complete({ reusable })
    }
    if (this.#client.stalled) this.#upstream!.pauseResponse()
    else this.#upstream!.awaitResponse()
  }

  /** Returns the head for the client. */
  #beginResponse(head: ResponseHead): string {
    const body = new ResponseBody(head.framing, this.#head.minorVersion)
    this.#responseHead = head
    this.#responseBody = body
    this.#upstream!.responseBegan()
    this.#persistent = this.#mayPersist() && !body.endsByClose
    const connection = this.#persistent ? 'keep-alive' : 'close'
    return this.#renderHead(head, { chunked: body.chunked, connection })
  }

  #switchProtocols(head: ResponseHead, rest: Uint8Array): void {
    if (this.#plan?.upgrade !== true) {
      return this.#responseFailed('The upstream switched protocols unasked')
    }
    const { channel } = this.#client
    const upstream = this.#upstream!.release()
    this.#client.send(
      this.#renderHead(head, { chunked: false, connection: 'upgrade' }),
      nothing,
      '',
    )
    if (rest.length > 0) upstream.unread(rest)
    const before = channel.bytesWritten
    this.#client.upgraded()
    openTunnel(channel, upstream, {
      idleTimeoutMs: this.#plan.upstream.readTimeoutMs,
      onFinished: () => {
        this.#bodyBytesSent = Math.max(0, channel.bytesWritten - before)
        this.#record(head.status)
      },
    })
  }

  #complete({ reusable }: { readonly reusable: boolean }): void {
    this.#upstream!.finish({ reusable })
    this.#record(this.#responseHead!.status)
    this.#finish(this.#persistent)
  }

  #responseFailed(reason: string): void {
    this.#client.context.observer.fault(this.#client.info, reason)
    this.#upstream!.abort()
    if (this.#responseSent) this.#abandon()
    else this.#answerLocally({ kind: 'status', status: 502 })
  }

  #abandon(): void {
    this.#record(this.#responseHead!.status)
    this.#client.abandoned({ byReset: this.#responseBody?.endsByClose === true })
  }

  #answerLocally(cause: ReplyCause): void {
    const { settings } = this.#listener
    const reply = settings.replies(cause, headerValue(this.#head.fields, 'accept'))
    const persistent = this.#mayPersist() && !closingStatuses.has(reply.status)
    const { head, body } = renderLocalAnswer(reply, {
      settings,
      persistent,
      withBody: this.#head.method !== 'HEAD',
      latencies: this.#plannedMs === undefined ? undefined : this.#latencies(),
    })
    this.#bodyBytesSent = body.length
    this.#client.send(head, body, '')
    this.#record(reply.status)
    this.#finish(persistent)
  }

  #finish(persistent: boolean): void {
    this.#client.answered({ persistent, unread: this.#body.done ? undefined : this.#body })
  }

  /** A client that still waits for leave to send its body may skip it, so what follows could be either. */
  #mayPersist(): boolean {
    return this.#head.persistent && this.#client.lasting && !this.#expectsContinue
  }

  #renderHead(
    head: ResponseHead,
    to: { readonly chunked: boolean; readonly connection: 'keep-alive' | 'close' | 'upgrade' },
  ): string {
    const { responseTokens, extraResponseHeaders } = this.#listener.settings
    const fields = forwardResponseHeaders(head, {
      tokens: responseTokens,
      extraHeaders: extraResponseHeaders,
      latencies: this.#latencies(),
      ...to,
    })
    return `${statusLine(head)}${HeaderField.render(fields)}\r\n`
  }

  #latencies(): Latencies {
    const plannedMs = this.#plannedMs!
    return {
      proxyMs: Math.round(plannedMs - this.#startedMs),
      upstreamMs: Math.round(performance.now() - plannedMs),
    }
  }

  #record(status: number): void {
    const { observer } = this.#client.context
    observer.requestFinished({
      connection: this.#client.info,
      requestLine: this.#head.line,
      status,
      bytesToClient: this.#bodyBytesSent,
      userAgent: headerValue(this.#head.fields, 'user-agent'),
      referer: headerValue(this.#head.fields, 'referer'),
      durationMs: performance.now() - this.#startedMs,
    })
  }

  readonly #send: Send = (prefix, body, suffix) => {
    this.#responseSent = true
    this.#bodyBytesSent += body.length
    this.#client.send(prefix, body, suffix)
  }
}

function statusLine(head: ResponseHead): string {
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n`
}

const nothing = new Uint8Array(0)
