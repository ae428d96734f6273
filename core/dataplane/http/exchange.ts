import { messageOf } from '#core/base/errors.ts'
import { headerValue, type HeaderField } from '#core/codec/http1-header-field.ts'
import type { RequestHead } from '#core/codec/http1-request-head.ts'
import type { ResponseHead } from '#core/codec/http1-response-head.ts'
import { HttpSyntaxError } from '#core/codec/http1-syntax-error.ts'
import { RewriteError } from '#core/dataplane/mesh/address-rewrites.ts'
import {
  passageEntry,
  readMeshRequest,
  type MeshRequest,
} from '#core/dataplane/mesh/mesh-request.ts'
import type { ExchangeTiming, FilterReply, UpstreamAttempt } from '#core/model/http-filter.ts'
import type { HttpRoute } from '#core/model/http-route.ts'
import type { HttpListener } from '#core/model/listener.ts'
import type { ReplyCause } from '#core/model/local-reply.ts'
import {
  beginFilteredResponse,
  beginResponse,
  shownHeaders,
  type BegunResponse,
} from './begin-response.ts'
import type { ExchangeClient } from './exchange-client.ts'
import { ExchangeClock } from './exchange-clock.ts'
import { ExchangeFilters } from './exchange-filters.ts'
import { ExchangeInFilters, type ExchangeProgress } from './filtered-exchange.ts'
import { RequestInFilters } from './filtered-request.ts'
import type { ClientSide } from './forward-headers.ts'
import {
  answerOfFilter,
  answerOfReply,
  localAnswerFields,
  mayHaveBody,
  renderHead,
  type LocalAnswer,
} from './local-answer.ts'
import { GivenBody } from './outgoing-body.ts'
import {
  declaresTooMuch,
  planExchange,
  routePeerRequest,
  routeRequest,
  type ExchangePlan,
  type RequestChanges,
  type Routed,
} from './plan-exchange.ts'
import { RequestBody } from './request-body.ts'
import { RequestFacts } from './request-facts.ts'
import type { ResponseBody, Send } from './response-body.ts'
import { extraFields } from './response-extras.ts'
import { rewritePath } from './rewrite-path.ts'
import { openTunnel } from './tunnel.ts'
import { UpstreamRequest, type UpstreamEvents } from './upstream-request.ts'

/** nginx: sending these twice could do twice what was asked for once. */
const notRepeatable = new Set(['POST', 'LOCK', 'PATCH'])

/** RFC 5842, section 7.2. */
const loopDetected = 508

/** After these the rest of what the client sends has no use. */
const closingStatuses = new Set([400, 408, 413, 414, 494, 500])

/** nginx's word for a client that did not wait for its answer. */
const clientClosedRequest = 499

/** One request and its answer, both passed on as they come, with whatever filters make of them. */
export class Exchange implements UpstreamEvents, ExchangeProgress {
  readonly #client: ExchangeClient
  /** As it was when the request came, whatever becomes of it meanwhile. */
  readonly #listener: HttpListener
  readonly #side: ClientSide
  readonly #body: RequestBody
  readonly #clock: ExchangeClock
  readonly #received: RequestHead
  /** As received; once the request is routed, as filters rewrote it. */
  #head: RequestHead
  /** Present where a peer of the mesh sent the request. */
  #fromPeer: MeshRequest | undefined
  /** Through which nodes of the mesh the request has come; once it is routed, this one included. */
  #passage: readonly string[] = []
  #route: HttpRoute | undefined
  #plan: ExchangePlan | undefined
  #upstream: UpstreamRequest | undefined
  /** Present where any take part. */
  #filters: ExchangeFilters | undefined
  /** Whether the client waits for leave to send its body. */
  #expectsContinue: boolean
  #responseHead: ResponseHead | undefined
  #responseBody: ResponseBody | undefined
  /** Whether the client was sent any of the response. */
  #responseSent = false
  #over = false
  #persistent = false
  #bodyBytesSent = 0
  #bytesSent = 0

  /** @param startedMs when the first byte of the request was read, on the clock of `performance.now()`. */
  constructor(client: ExchangeClient, head: RequestHead, startedMs: number) {
    this.#client = client
    this.#listener = client.context.listener
    this.#side = client.sideOf(head)
    this.#clock = new ExchangeClock(startedMs)
    this.#received = head
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
    if (declaresTooMuch(this.#head, this.#listener.settings.maxBodyBytes)) return this.refuse(413)
    const { filters } = this.#listener
    if (this.#client.context.arrival === 'mesh-peer' && !this.#restore()) return
    if (filters === undefined || filters.length === 0) return this.#takeRoute()
    this.#openToFilters().join(filters)
    this.#ask('rewrite', () => this.#takeRoute())
  }

  /** Answers with this status a request that nobody is asked about; filters see the answer alone. */
  refuse(status: number): void {
    const { filters } = this.#listener
    if (filters !== undefined && filters.length > 0) this.#openToFilters().join(filters)
    this.#answerLocally({ kind: 'status', status })
  }

  get attempts(): readonly UpstreamAttempt[] {
    return this.#upstream?.attempts ?? []
  }

  get timing(): ExchangeTiming {
    return this.#clock.timing
  }

  /** Whether the client has yet to send some of its request. */
  get awaitsBody(): boolean {
    return !this.#body.done
  }

  /** Takes bytes of the request's body from `start` on and returns up to where; `start` itself = not now. */
  takeBody(bytes: Uint8Array, start: number): number {
    if (this.#body.done) return start
    try {
      if (this.#body.collecting) return this.#body.take(bytes, start)
      if (this.#upstream === undefined) return start
      if (this.#replacement !== undefined) return this.#body.discard(bytes, start)
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
    this.#finish(this.#responseHead?.status ?? clientClosedRequest)
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
    this.#inviteBody()
  }

  upstreamStalled(): void {
    this.#client.pauseBody()
  }

  upstreamBytes(bytes: Uint8Array): void {
    try {
      this.#relay(bytes)
    } catch (fault) {
      this.#relayFailed(fault)
    }
  }

  upstreamEnded(fault: Error | undefined): void {
    try {
      // RFC 9112 section 8: a body without a length is complete however its connection ends. A server that answers
      // without reading the request ends it by a reset.
      if (this.#responseBody!.end(this.#send)) this.#complete({ reusable: false })
      else
        this.#responseFailed(fault?.message ?? 'The upstream ended in the middle of its response')
    } catch (error) {
      this.#relayFailed(error)
    }
  }

  upstreamSilent(reason: string): void {
    this.#responseFailed(reason)
  }

  upstreamFailed(cause: ReplyCause): void {
    this.#answerLocally(cause)
  }

  // From the request to the upstream

  /** Makes the request of a peer of the mesh what it was; otherwise answers it and returns false. */
  #restore(): boolean {
    const restored = readMeshRequest(this.#head)
    if (restored === undefined) {
      const { context, info } = this.#client
      context.observer.fault(info, 'A peer of the mesh sent a request without X-Forwarded-Host')
      this.refuse(500)
      return false
    }
    this.#fromPeer = restored
    this.#head = restored.head
    this.#passage = restored.passage
    return true
  }

  #takeRoute(): void {
    const head = (this.#head = this.#filters?.view.request.rewritten(this.#head) ?? this.#head)
    const { context, info } = this.#client
    const routed =
      this.#fromPeer === undefined
        ? routeRequest(head, this.#listener.routes, this.#side)
        : routePeerRequest(head, this.#listener, this.#side, this.#fromPeer)
    if (routed.route !== undefined) this.#joinRoute(routed.route)
    if (routed.kind === 'refusal') {
      if (routed.cause.kind === 'no-route') context.observer.unrouted(info, 'http')
      return this.#answerLocally(routed.cause)
    }
    if (this.#cameRound(routed.route)) {
      const reason = `Loop: the request came by this node before (${this.#passage.join(' -> ')})`
      context.observer.fault(info, reason)
      return this.#answerLocally({ kind: 'status', status: loopDetected })
    }
    if (this.#filters === undefined) return this.#forward(routed)
    const { request } = this.#filters.view
    request.upstreamPath = rewritePath(routed.route.forward, head.path, routed.matchedPath)
    this.#ask('access', () => this.#forward(routed))
  }

  /** Notes that the request takes this route, and tells whether it has done so before. */
  #cameRound(route: HttpRoute): boolean {
    const { mesh, nodeId } = this.#client.context.surroundings()
    if (mesh === undefined) return false
    const here = passageEntry(nodeId, route.id)
    const cameRound = this.#passage.includes(here)
    this.#passage = [...this.#passage, here]
    return cameRound
  }

  #joinRoute(route: HttpRoute): void {
    this.#route = route
    const filters = route.filters?.length === 0 ? undefined : route.filters
    if (filters !== undefined) this.#openToFilters().join(filters, route)
    else this.#filters?.join(undefined, route)
  }

  #forward(routed: Routed): void {
    const { context } = this.#client
    const view = this.#filters?.view
    view?.close()
    this.#body.cutOff('The request body was not read in the access phase')
    const plan = this.#planned(routed, view?.changes)
    if (plan === undefined) return
    const facts = new RequestFacts(
      this.#side.client.address,
      view?.request.headers.fields ?? this.#head.fields,
      view?.principal,
    )
    const { host, port } = plan.target
    const choice = context.chooser.begin({ host, port, facts })
    const replacement = this.#replacement
    const body =
      replacement === undefined
        ? this.#body
        : new GivenBody(replacement, { repeatable: !notRepeatable.has(plan.method) })
    this.#plan = plan
    this.#clock.forwarded()
    this.#upstream = new UpstreamRequest(this.#client, plan, choice, body, this)
    this.#upstream.start()
    if (replacement !== undefined && !this.#over && !this.#body.done) this.#client.resumeBody()
  }

  /** Undefined when nothing can be sent; then that was answered. */
  #planned(routed: Routed, changes: RequestChanges | undefined): ExchangePlan | undefined {
    const { context, info } = this.#client
    const { rewrites } = context.surroundings()
    const passage = this.#passage.join(', ')
    try {
      return planExchange(this.#head, routed, this.#side, { changes, rewrites, passage })
    } catch (error) {
      if (!(error instanceof RewriteError)) throw error
      context.observer.fault(info, error.message)
      this.#answerLocally({ kind: 'internal-error' })
      return undefined
    }
  }

  /** What a filter sends in place of the client's body. */
  get #replacement(): Uint8Array | undefined {
    return this.#filters?.view.request.replacement
  }

  /** Lets the client send its body. */
  #inviteBody(): void {
    if (this.#expectsContinue) {
      this.#expectsContinue = false
      if (!this.#body.begun) this.#write('HTTP/1.1 100 Continue\r\n\r\n', nothing, '')
    }
    this.#client.resumeBody()
  }

  // Filters

  #openToFilters(): ExchangeFilters {
    if (this.#filters !== undefined) return this.#filters
    const { client, encrypted } = this.#side
    const request = new RequestInFilters(this.#head, this.#body, (maxBytes) =>
      this.#collectBody(maxBytes),
    )
    const { arrival } = this.#client.context
    const parties = { connection: this.#client.info, client, encrypted, arrival }
    this.#filters = new ExchangeFilters(new ExchangeInFilters(parties, request, this), {
      onFault: this.#onFilterFault,
      bytesSent: () => this.#bytesSent,
    })
    return this.#filters
  }

  #collectBody(maxBytes: number): Promise<Buffer> {
    if (this.#over || this.#upstream !== undefined) {
      return Promise.reject(new Error('A request body can only be read before it is sent on'))
    }
    const collected = this.#body.collect(maxBytes)
    if (this.#body.collecting) this.#inviteBody()
    return collected
  }

  #ask(phase: 'rewrite' | 'access', next: () => void): void {
    this.#filters!.ask(phase, {
      over: () => this.#over,
      next,
      answered: (reply) => this.#answerByFilter(reply),
      failed: (error) => this.#filterFailed(error),
    })
  }

  #filterFailed(error: unknown): void {
    this.#onFilterFault(error)
    if (this.#responseSent) this.#abandon()
    else this.#answerLocally({ kind: 'internal-error' }, { silent: true })
  }

  readonly #onFilterFault = (error: unknown): void => {
    this.#client.context.observer.fault(this.#client.info, `A filter failed: ${messageOf(error)}`)
  }

  // From the upstream to the client

  #relay(bytes: Uint8Array): void {
    const { responseReader } = this.#client
    let at = 0
    let prefix = ''
    while (this.#responseHead === undefined) {
      at = responseReader.read(bytes, at)
      const head = responseReader.take(this.#plan!.method)
      if (head === undefined) return
      if (head.status === 101) return this.#switchProtocols(head, bytes.subarray(at))
      if (head.status >= 200) {
        prefix = this.#beginResponse(head)
        if (this.#over) return
      } else if (head.status > 100 && this.#head.minorVersion === 1) {
        this.#write(renderHead(head, head.fields), nothing, '')
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

  /** Returns the head for the client; empty = a filter failed, and the failure was answered. */
  #beginResponse(head: ResponseHead): string {
    this.#responseHead = head
    this.#clock.answered()
    this.#upstream!.responseBegan(head.status)
    const begun = this.#begun(head)
    if (begun === undefined) return ''
    this.#responseBody = begun.body
    this.#persistent = begun.persistent
    return begun.head
  }

  #begun(head: ResponseHead): BegunResponse | undefined {
    const { settings } = this.#listener
    const terms = {
      method: this.#received.method,
      clientVersion: this.#received.minorVersion,
      mayPersist: this.#mayPersist(),
      settings,
      latencies: this.#clock.latencies,
    }
    const filters = this.#filters
    if (filters === undefined) return beginResponse(head, this.#extras, terms)
    const shown = shownHeaders(head, this.#extras, settings)
    const response = filters.show('upstream', head.status, shown)
    if (!this.#responseHeadPassed(filters)) return undefined
    return beginFilteredResponse(head, response, terms)
  }

  #switchProtocols(head: ResponseHead, rest: Uint8Array): void {
    if (this.#plan?.upgrade !== true) {
      return this.#responseFailed('The upstream switched protocols unasked')
    }
    const { channel } = this.#client
    const rendered = this.#beginResponse(head)
    if (this.#over) return
    const upstream = this.#upstream!.release()
    this.#write(rendered, nothing, '')
    if (rest.length > 0) upstream.unread(rest)
    const before = channel.bytesWritten
    this.#client.upgraded()
    openTunnel(channel, upstream, {
      idleTimeoutMs: this.#plan.upstream.readTimeoutMs,
      onFinished: () => {
        this.#bodyBytesSent = Math.max(0, channel.bytesWritten - before)
        this.#bytesSent += this.#bodyBytesSent
        this.#finish(head.status)
      },
    })
  }

  #complete({ reusable }: { readonly reusable: boolean }): void {
    this.#upstream!.finish({ reusable })
    this.#finish(this.#filters?.view.response?.status ?? this.#responseHead!.status)
    this.#giveBack(this.#persistent)
  }

  /** The upstream's bytes could not be passed on. */
  #relayFailed(fault: unknown): void {
    if (fault instanceof HttpSyntaxError) {
      return this.#responseFailed(`The upstream sent an invalid response: ${fault.message}`)
    }
    if (this.#filters === undefined) throw fault
    this.#upstream!.abort()
    this.#filterFailed(fault)
  }

  #responseFailed(reason: string): void {
    this.#client.context.observer.fault(this.#client.info, reason)
    this.#upstream!.abort()
    if (this.#responseSent) this.#abandon()
    else this.#answerLocally({ kind: 'status', status: 502 })
  }

  #abandon(): void {
    this.#finish(this.#responseHead!.status)
    this.#client.abandoned({ byReset: this.#responseBody?.endsByClose === true })
  }

  // Answers of our own

  #answerLocally(cause: ReplyCause, options?: { readonly silent: boolean }): void {
    const reply = this.#listener.settings.replies(cause, headerValue(this.#head.fields, 'accept'))
    this.#answer('proxy', answerOfReply(reply), options)
  }

  #answerByFilter(reply: FilterReply): void {
    let answer
    try {
      answer = answerOfFilter(reply)
    } catch (error) {
      return this.#filterFailed(error)
    }
    this.#answer('filter', answer)
  }

  /** @param silent filters are not asked about it: one of them has just failed. */
  #answer(
    source: 'filter' | 'proxy',
    given: LocalAnswer,
    { silent }: { readonly silent: boolean } = { silent: false },
  ): void {
    const { settings } = this.#listener
    const extended = { ...given, fields: [...given.fields, ...this.#extras] }
    const answer =
      this.#filters === undefined
        ? extended
        : this.#amended(extended, { source, silent, filters: this.#filters })
    if (answer === undefined) return
    const { status } = answer
    const closes = (source === 'proxy' && closingStatuses.has(status)) || status < 200
    const persistent = this.#mayPersist() && !closes
    const fields = localAnswerFields(answer, {
      settings,
      persistent,
      latencies: this.attempts.length === 0 ? undefined : this.#clock.latencies,
    })
    this.#filters?.view.response?.headers.assign(fields)
    const body = mayHaveBody(this.#received.method, status) ? answer.body : nothing
    this.#bodyBytesSent = body.length
    this.#write(renderHead(answer, fields), body, '')
    this.#finish(status)
    this.#giveBack(persistent)
  }

  /** What filters make of an answer; undefined = one failed, and the failure was answered. */
  #amended(
    given: LocalAnswer,
    to: {
      readonly source: 'filter' | 'proxy'
      readonly silent: boolean
      readonly filters: ExchangeFilters
    },
  ): LocalAnswer | undefined {
    const { filters } = to
    const response = filters.show(to.source, given.status, given.fields)
    if (to.silent) return given
    if (!this.#responseHeadPassed(filters)) return undefined
    try {
      return response.amended(given)
    } catch (error) {
      this.#filterFailed(error)
      return undefined
    }
  }

  // Common to all answers

  /** Returns whether all went well; otherwise the failure was answered. */
  #responseHeadPassed(filters: ExchangeFilters): boolean {
    try {
      filters.responseHead()
      return true
    } catch (error) {
      this.#upstream?.abort()
      this.#filterFailed(error)
      return false
    }
  }

  get #extras(): readonly HeaderField[] {
    const request = {
      fields: this.#received.fields,
      route: this.#route,
      setCookie: this.#upstream?.setCookie,
    }
    return extraFields(request, this.#listener.settings)
  }

  /** A client that still waits for leave to send its body may skip it, so what follows could be either. */
  #mayPersist(): boolean {
    return this.#head.persistent && this.#client.lasting && !this.#expectsContinue
  }

  /** The client has its answer, or is gone. */
  #finish(status: number): void {
    if (this.#over) return
    this.#over = true
    this.#body.cutOff('The exchange is over')
    const { observer } = this.#client.context
    const head = this.#head
    observer.requestFinished({
      connection: this.#client.info,
      client: this.#side.client,
      requestLine: head.line,
      status,
      bytesToClient: this.#bodyBytesSent,
      userAgent: headerValue(head.fields, 'user-agent'),
      referer: headerValue(head.fields, 'referer'),
      durationMs: this.#clock.durationMs,
    })
    this.#filters?.finished(status)
  }

  #giveBack(persistent: boolean): void {
    this.#client.answered({ persistent, unread: this.#body.done ? undefined : this.#body })
  }

  #write(prefix: string, body: Uint8Array, suffix: string): void {
    this.#bytesSent += prefix.length + body.length + suffix.length
    this.#client.send(prefix, body, suffix)
  }

  readonly #send: Send = (prefix, body, suffix) => {
    this.#responseSent = true
    this.#bodyBytesSent += body.length
    this.#write(prefix, body, suffix)
  }
}

const nothing = new Uint8Array(0)
