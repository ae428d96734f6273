/** A request that has found its endpoint. */
export interface RestRequest {
  /** What stands in the place of the `:name` segments of the endpoint's path, decoded. */
  readonly parameters: Readonly<Record<string, string>>
  /** First value of each argument of the query string. */
  readonly query: ReadonlyMap<string, string>
  /** Always `none` for GET and DELETE. */
  readonly body: RestBody
}

/** Forms have texts (true for a key without `=`) as leaves; JSON has what it has. Objects have no prototype. */
export type RestBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'form'; readonly value: Readonly<Record<string, unknown>> }

export interface RestReply {
  readonly status: number
  /** Sent as JSON; a string is sent as plain text; undefined is no body. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export type Handler = (request: RestRequest) => RestReply | Promise<RestReply>

/** A path and what can be done there. HEAD and OPTIONS need no handler. */
export interface Endpoint {
  /** Literal segments and `:name` segments: `/services/:service/routes`. */
  readonly path: string
  readonly handlers: Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', Handler>>>
}

/** A fault of the request; it becomes the reply. */
export class RestFault extends Error {
  readonly reply: RestReply

  constructor(status: number, body: unknown) {
    super(`HTTP ${status}`)
    this.name = 'RestFault'
    this.reply = { status, body }
  }
}
