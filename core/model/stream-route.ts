import type { StreamFilterSlot } from './stream-filter.ts'
import type { Upstream } from './upstream.ts'

export interface StreamRoute {
  readonly id: string
  readonly name: string | undefined
  readonly match: StreamMatch
  readonly upstream: Upstream
  /** Asked in this order. Absent = none. */
  readonly filters?: readonly StreamFilterSlot[] | undefined
}

/** Every attribute that is present must match (AND); values within one attribute are alternatives (OR). */
export interface StreamMatch {
  readonly sources: readonly EndMatch[] | undefined
  /** Matched against the local address of the accepted connection: the original destination under TPROXY. */
  readonly destinations: readonly EndMatch[] | undefined
  /** Exact, lower case. A connection without a server name never matches. */
  readonly serverNames: readonly string[] | undefined
  /** Which clients the route was written for. It never excludes one; it decides whether first bytes are awaited. */
  readonly expects: 'plain' | 'tls' | 'either'
}

export interface EndMatch {
  /** Address or CIDR block; undefined = any. */
  readonly block: string | undefined
  /** undefined = any. */
  readonly port: number | undefined
}
