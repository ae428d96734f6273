import type { RecordType } from './dns-message.ts'

/** Where a host name leads. */
export interface Resolution {
  /** Never empty. */
  readonly endpoints: readonly Endpoint[]
  /** Of the shortest-lived record it rests on, in ms. */
  readonly ttlMs: number
  /** What was asked for when it was found. */
  readonly kind: RecordType
}

export interface Endpoint {
  readonly address: string
  /** As an SRV record names it. */
  readonly port: number | undefined
  /** Share among the endpoints, above 0. */
  readonly weight: number
}

/** A name leads nowhere: it does not exist, or nobody could tell. */
export class NameError extends Error {
  readonly kind: 'not-found' | 'failed'

  constructor(kind: NameError['kind'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'NameError'
    this.kind = kind
  }
}
