import { HeaderField, headerValue } from '#core/codec/http1-header-field.ts'
import type { RequestHead } from '#core/codec/http1-request-head.ts'
import { BodyTooLargeError, type FilteredRequest } from '#core/model/http-filter.ts'
import { HeaderFields } from './header-fields.ts'
import type { RequestBody } from './request-body.ts'

const defaultMaxBodyBytes = 8 * 1024 * 1024

/** Reads the rest of a request's body. */
export type CollectBody = (maxBytes: number) => Promise<Buffer>

/** A request as filters see and change it. */
export class RequestInFilters implements FilteredRequest {
  readonly headers: HeaderFields
  query: string
  upstreamPath = ''
  readonly #head: RequestHead
  readonly #body: RequestBody
  readonly #collect: CollectBody
  #method: string
  #upstreamHost: string | undefined
  #reading: Promise<Buffer> | undefined
  #replacement: Buffer | undefined

  constructor(head: RequestHead, body: RequestBody, collect: CollectBody) {
    this.#head = head
    this.#body = body
    this.#collect = collect
    this.#method = head.method
    this.query = head.query
    this.headers = new HeaderFields(head.fields)
  }

  get line(): string {
    return this.#head.line
  }

  get target(): string {
    const [, target = ''] = this.#head.line.split(' ')
    return target
  }

  get path(): string {
    return this.#head.path
  }

  get method(): string {
    return this.#method
  }

  /** @throws TypeError */
  set method(method: string) {
    if (!/^[A-Z][A-Z_-]*$/.test(method)) throw new TypeError(`"${method}" is no request method`)
    this.#method = method
  }

  get upstreamHost(): string | undefined {
    return this.#upstreamHost
  }

  /** @throws TypeError */
  set upstreamHost(host: string | undefined) {
    if (host !== undefined && !/^[\x21-\x7e]+$/.test(host)) {
      throw new TypeError(`"${host}" cannot be sent as Host`)
    }
    this.#upstreamHost = host
  }

  get bytes(): number {
    const { line, fields } = this.#head
    return line.length + HeaderField.render(fields).length + 4 + this.#body.receivedBytes
  }

  get contentLength(): number | undefined {
    const length = headerValue(this.#head.fields, 'content-length')
    return length === undefined ? undefined : Number(length)
  }

  /** What routes are chosen by: the head as it was received, with a new Host, other headers or another method. */
  rewritten(head: RequestHead): RequestHead {
    const { headers } = this
    if (!headers.changed && this.#method === head.method) return head
    const host = headers.get('host')
    const sameHost = host === headerValue(head.fields, 'host')
    return {
      ...head,
      method: this.#method,
      fields: headers.fields,
      authority: sameHost ? head.authority : host,
    }
  }

  /** What is sent upstream in place of the client's body. */
  get replacement(): Buffer | undefined {
    return this.#replacement
  }

  async readBody(options: { readonly maxBytes?: number } = {}): Promise<Buffer> {
    const { maxBytes = defaultMaxBodyBytes } = options
    const body = this.#replacement ?? (await this.#readOnce(maxBytes))
    if (body.length > maxBytes) throw new BodyTooLargeError(maxBytes)
    return body
  }

  replaceBody(body: Uint8Array): void {
    this.#replacement = Buffer.from(body)
  }

  async #readOnce(maxBytes: number): Promise<Buffer> {
    const reading = (this.#reading ??= this.#collect(maxBytes))
    try {
      return await reading
    } catch (error) {
      // It may be asked for again, with a higher limit.
      if (this.#reading === reading) this.#reading = undefined
      throw error
    }
  }
}
