/** Why the proxy answers by itself instead of passing on an upstream's answer. */
export type ReplyCause =
  | { readonly kind: 'no-route' }
  | { readonly kind: 'upgrade-required' }
  | { readonly kind: 'name-resolution-failed' }
  /** A pool has no target that could be tried. */
  | { readonly kind: 'no-healthy-target' }
  /** A filter failed. */
  | { readonly kind: 'internal-error' }
  /** Anything with only a status: 400, 413, 494, 502, 504 … */
  | { readonly kind: 'status'; readonly status: number }

export interface LocalReply {
  readonly status: number
  readonly reason: string
  /** Complete list, without Server, Content-Length, Connection and Date, which the data plane adds. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** Renders an answer for a cause; `accept` is the client's Accept header. Pure. */
export type LocalReplies = (cause: ReplyCause, accept: string | undefined) => LocalReply
