import type { Identity } from './identity.ts'
/** Where a route sends what it takes, and how. */
export interface Upstream {
  /** Literal address or host name, or the address the client dialled (transparent proxying without a service). */
  readonly target: { readonly host: string; readonly port: number } | 'original-destination'
  /** `same-as-client`: TLS exactly if it was terminated here. */
  readonly transport: 'plain' | 'tls' | 'same-as-client'
  /** Source address of the upstream connection: that of its client, or a certain one; undefined = the kernel chooses. */
  readonly source: SourceAddress | 'client' | undefined
  /** Presented to TLS upstreams that ask for a certificate. */
  readonly identity?: Identity | undefined
  readonly connectTimeoutMs: number
  readonly writeTimeoutMs: number
  readonly readTimeoutMs: number
  /** Further attempts after the first. */
  readonly retries: number
}

export interface SourceAddress {
  readonly address: string
  /** Binds with IP_TRANSPARENT, so that an address which is not this machine's own can be used. */
  readonly transparent: boolean
}
