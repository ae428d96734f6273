import type { SocketAddress } from '#core/model/address.ts'

/** Turns the host of an upstream into addresses, one attempt after the other: by pool, literally, or by DNS. */
export interface AddressChooser {
  /** Starts choosing for one request or stream session. */
  begin(wish: AddressWish): AddressChoice
}

export interface AddressWish {
  /** Name of a pool, literal address, or host name. */
  readonly host: string
  /** Used unless a pool's target or an SRV record names another. */
  readonly port: number
  readonly facts: HashFacts
}

/** What hashing can go by. */
export interface HashFacts {
  readonly principalId: string | undefined
  readonly credentialId: string | undefined
  readonly clientAddress: string
  header(name: string): string | undefined
  cookie(name: string): string | undefined
}

export interface AddressChoice {
  /**
   * The address for the next attempt.
   * @throws ChooseError, also as a rejection
   */
  next(): ChosenAddress | Promise<ChosenAddress>
  /** Cookie that the client is to be given, as a `Set-Cookie` value; known after `next`. */
  readonly setCookie: string | undefined
}

export interface ChosenAddress extends SocketAddress {
  /** Name of the pool's target; undefined without a pool. It is what `Host` and SNI say then. */
  readonly targetHost: string | undefined
  /** Tells what came of the attempt, for passive health checks. No-op without a pool. */
  report(result: AttemptResult): void
}

export type AttemptResult =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'connected' }
  | { readonly kind: 'connect-failed' }
  | { readonly kind: 'timeout' }

/** No address could be chosen. */
export class ChooseError extends Error {
  readonly kind: 'name-resolution' | 'no-healthy-target'

  constructor(kind: ChooseError['kind'], reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.name = 'ChooseError'
    this.kind = kind
  }
}
