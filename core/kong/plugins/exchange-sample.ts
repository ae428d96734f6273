import type { SocketAddress } from '#core/model/address.ts'
import type { HeaderList } from '#core/model/header-list.ts'
import {
  BodyTooLargeError,
  type ExchangeTarget,
  type ExchangeTiming,
  type FilteredRequest,
  type FilteredResponse,
  type FilterReply,
  type HttpExchange,
  type HttpFilter,
  type UpstreamAttempt,
} from '#core/model/http-filter.ts'
import type { Arrival } from '#core/model/mesh.ts'
import type { HttpRoute } from '#core/model/http-route.ts'
import type { Principal } from '#core/model/principal.ts'

export type SampleFields = Readonly<Record<string, string | readonly string[]>>

export interface SampleOptions {
  /** Default GET. */
  readonly method?: string
  /** Path and query; default `/`. */
  readonly target?: string
  /** `Host: example.test` is added when it is missing. */
  readonly headers?: SampleFields
  readonly body?: string | Uint8Array
  readonly client?: SocketAddress
  readonly destination?: SocketAddress
  readonly encrypted?: boolean
  /** Default `client`. */
  readonly arrival?: Arrival
  readonly route?: HttpRoute
  readonly principal?: Principal
  readonly attempts?: readonly UpstreamAttempt[]
  readonly timing?: Partial<ExchangeTiming>
}

/** What the upstream gives when no filter answers. */
export interface SampleUpstream {
  /** Default 200. */
  readonly status?: number
  readonly headers?: SampleFields
  /** Pieces as they arrive. */
  readonly body?: readonly (string | Uint8Array)[]
  /** Default `upstream`. */
  readonly source?: FilteredResponse['source']
}

/** An exchange in memory, for tests of filters. */
export interface SampleExchange extends HttpExchange {
  /** First answer of a filter. */
  readonly reply: FilterReply | undefined
  /** What would be sent upstream. */
  readonly upstreamBody: Buffer
  /** Takes the exchange through all phases, as a data plane does. */
  pass(filters: readonly HttpFilter[], upstream?: SampleUpstream): Promise<SampleOutcome>
}

/** What the client gets. */
export interface SampleOutcome {
  readonly status: number
  readonly headers: HeaderList
  readonly body: Buffer
}

export function sampleExchange(options: SampleOptions = {}): SampleExchange {
  return new InMemoryExchange(options)
}

class InMemoryExchange implements SampleExchange {
  readonly connection
  readonly client
  readonly encrypted
  readonly arrival
  readonly request: InMemoryRequest
  readonly route
  response: InMemoryResponse | undefined
  principal: Principal | undefined
  target: ExchangeTarget | undefined
  readonly attempts
  readonly timing
  readonly notes = new Map<unknown, unknown>()
  reply: FilterReply | undefined
  #phase: 'request' | 'response' = 'request'

  constructor(options: SampleOptions) {
    const client = options.client ?? { address: '192.0.2.1', port: 40_000 }
    const destination = options.destination ?? { address: '127.0.0.1', port: 8000 }
    this.connection = { id: 1, client, destination }
    this.client = client
    this.encrypted = options.encrypted ?? false
    this.arrival = options.arrival ?? ('client' as const)
    this.request = new InMemoryRequest(options)
    this.route = options.route
    this.principal = options.principal
    this.attempts = options.attempts ?? []
    this.timing = {
      startedAt: 1_700_000_000_000,
      proxyMs: 1,
      upstreamMs: 2,
      totalMs: 3,
      ...options.timing,
    }
  }

  get answered(): boolean {
    return this.reply !== undefined
  }

  get upstreamBody(): Buffer {
    return this.request.sent
  }

  answer(reply: FilterReply): void {
    if (this.#phase === 'response') throw new Error('An answer is too late in the response phase')
    this.reply ??= reply
  }

  async pass(
    filters: readonly HttpFilter[],
    upstream: SampleUpstream = {},
  ): Promise<SampleOutcome> {
    for (const phase of ['rewrite', 'access'] as const) {
      for (const filter of filters) {
        // oxlint-disable-next-line no-await-in-loop -- filters are asked one after the other
        if (!this.answered) await filter[phase]?.(this)
      }
    }
    this.#phase = 'response'
    const { reply } = this
    const response = new InMemoryResponse(
      reply === undefined
        ? upstream
        : { status: reply.status, source: 'filter', body: [reply.body ?? ''] },
      new InMemoryHeaders(reply === undefined ? fieldsOf(upstream.headers) : (reply.headers ?? [])),
    )
    this.response = response
    for (const filter of filters) filter.responseHead?.(this)
    response.send()
    for (const filter of filters) filter.finished?.(this)
    return response
  }
}

class InMemoryRequest implements FilteredRequest {
  readonly line: string
  readonly target: string
  readonly path: string
  method: string
  query: string
  upstreamPath: string
  readonly headers: HeaderList
  upstreamHost: string | undefined
  readonly bytes: number
  readonly contentLength: number | undefined
  sent: Buffer

  constructor({ method = 'GET', target = '/', headers = {}, body }: SampleOptions) {
    const mark = target.indexOf('?')
    this.target = target
    this.path = mark < 0 ? target : target.slice(0, mark)
    this.query = mark < 0 ? '' : target.slice(mark)
    this.method = method
    this.upstreamPath = this.path
    this.line = `${method} ${target} HTTP/1.1`
    this.sent = Buffer.from(body ?? '')
    this.contentLength = body === undefined ? undefined : this.sent.length
    const fields = fieldsOf(headers)
    if (!fields.some(([name]) => same(name, 'host'))) fields.unshift(['Host', 'example.test'])
    if (body !== undefined) fields.push(['Content-Length', `${this.sent.length}`])
    this.headers = new InMemoryHeaders(fields)
    const head = [this.line, ...fields.map(([name, value]) => `${name}: ${value}`), '', '']
    this.bytes = Buffer.byteLength(head.join('\r\n')) + this.sent.length
  }

  readBody({ maxBytes = 8 * 1024 * 1024 }: { readonly maxBytes?: number } = {}): Promise<Buffer> {
    return this.sent.length > maxBytes
      ? Promise.reject(new BodyTooLargeError(maxBytes))
      : Promise.resolve(this.sent)
  }

  replaceBody(body: Uint8Array): void {
    this.sent = Buffer.from(body)
  }
}

class InMemoryResponse implements FilteredResponse, SampleOutcome {
  readonly source
  status: number
  readonly headers: HeaderList
  bytes = 0
  body: Buffer = Buffer.alloc(0)
  readonly #pieces: readonly (string | Uint8Array)[]
  readonly #transforms: ((piece: Uint8Array, last: boolean) => Uint8Array)[] = []

  constructor(
    { status = 200, source = 'upstream', body = [] }: SampleUpstream,
    headers: HeaderList,
  ) {
    this.status = status
    this.source = source
    this.headers = headers
    this.#pieces = body.length === 0 ? [''] : body
  }

  transformBody(transform: (piece: Uint8Array, last: boolean) => Uint8Array): void {
    this.#transforms.push(transform)
  }

  send(): void {
    if (this.#transforms.length > 0) this.headers.remove('Content-Length')
    const last = this.#pieces.length - 1
    const sent = this.#pieces.map((piece, index) =>
      this.#transforms.reduce<Uint8Array>(
        (bytes, transform) => transform(bytes, index === last),
        Buffer.from(piece),
      ),
    )
    this.body = Buffer.concat(sent)
    const head = [...this.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
    this.bytes = Buffer.byteLength(`HTTP/1.1 ${this.status} \r\n${head}\r\n`) + this.body.length
  }
}

class InMemoryHeaders implements HeaderList {
  #fields: (readonly [string, string])[]

  constructor(fields: Iterable<readonly [string, string]>) {
    this.#fields = [...fields]
  }

  get(name: string): string | undefined {
    return this.#fields.find(([other]) => same(other, name))?.[1]
  }

  getAll(name: string): readonly string[] {
    return this.#fields.filter(([other]) => same(other, name)).map(([, value]) => value)
  }

  has(name: string): boolean {
    return this.#fields.some(([other]) => same(other, name))
  }

  /** @throws TypeError when the name is not a token. */
  set(name: string, value: string): void {
    const first = this.#fields.findIndex(([other]) => same(other, name))
    if (first < 0) {
      this.add(name, value)
      return
    }
    this.#fields[first] = legal(name, value)
    this.#fields = this.#fields.filter(([other], at) => at <= first || !same(other, name))
  }

  /** @throws TypeError when the name is not a token. */
  add(name: string, value: string): void {
    this.#fields.push(legal(name, value))
  }

  remove(name: string): void {
    this.#fields = this.#fields.filter(([other]) => !same(other, name))
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#fields[Symbol.iterator]()
  }
}

function fieldsOf(fields: SampleFields = {}): (readonly [string, string])[] {
  return Object.entries(fields).flatMap(([name, values]) =>
    (typeof values === 'string' ? [values] : values).map((value) => [name, value] as const),
  )
}

/** As in a data plane, a value never ends its line. */
function legal(name: string, value: string): readonly [string, string] {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new TypeError(`"${name}" is no header name`)
  return [name, value.replace(/[\r\n]/g, ' ')]
}

function same(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase()
}
