import type { FilterChain } from './http-filter.ts'
import type { Upstream } from './upstream.ts'

export interface HttpRoute {
  readonly id: string
  readonly name: string | undefined
  readonly serviceId: string | undefined
  readonly serviceName: string | undefined
  readonly match: HttpMatch
  readonly forward: HttpForward
  readonly upstream: Upstream
  /** Asked for requests that take this route. Absent = none. */
  readonly filters?: FilterChain | undefined
}

/** Every attribute that is present must match (AND); values within one attribute are alternatives (OR). */
export interface HttpMatch {
  /** Exact names, or one `*` as the leftmost or rightmost label. Compared without port, case-sensitively. */
  readonly hosts: readonly string[] | undefined
  readonly paths: readonly PathMatch[] | undefined
  /** Upper case. */
  readonly methods: readonly string[] | undefined
  /** `required`: a plain client is told to upgrade (426) instead of being served. */
  readonly encryption: 'required' | 'optional'
}

/** `regex` is anchored at the start of the raw path and nowhere else. */
export type PathMatch =
  | { readonly kind: 'prefix'; readonly prefix: string }
  | { readonly kind: 'regex'; readonly source: string }

export interface HttpForward {
  /** The upstream request line's path is this, followed by what is left of the client's path. */
  readonly basePath: string
  /** Whether the matched part of the path is removed before it is appended to `basePath`. */
  readonly stripPath: boolean
  /** Whether the upstream sees the client's Host, or the target's. */
  readonly preserveHost: boolean
}
