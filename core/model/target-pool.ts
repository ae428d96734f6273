/**
 * Several targets behind one name. A route whose upstream has this name as its host goes to one of them. State (health,
 * whose turn it is) belongs to the id and outlives the snapshot.
 */
export interface TargetPool {
  readonly id: string
  /** Compared exactly with the host of an upstream. */
  readonly name: string
  /** Positions on the ring, shared out by weight. */
  readonly slots: number
  readonly hashOn: HashInput
  /** Used when the first input has no value. */
  readonly hashFallback: HashInput
  readonly targets: readonly PoolTarget[]
  readonly healthChecks: HealthChecks
}

/** `none` = weighted round-robin. */
export type HashInput =
  | { readonly kind: 'none' }
  /** The principal, else its credential. */
  | { readonly kind: 'principal' }
  | { readonly kind: 'client-address' }
  | { readonly kind: 'header'; readonly name: string }
  /** A client without the cookie is given one. */
  | { readonly kind: 'cookie'; readonly name: string; readonly path: string }

export interface PoolTarget {
  readonly id: string
  /** Literal address or name; a name's addresses share its weight. */
  readonly host: string
  readonly port: number
  /** 0 = gets nothing. */
  readonly weight: number
  /** What an operator said about it, and when (Unix time in ms): it holds until something newer is known. */
  readonly said?: { readonly healthy: boolean; readonly at: number } | undefined
}

export interface HealthChecks {
  readonly active: ActiveHealthChecks
  readonly passive: PassiveHealthChecks
}

export interface ActiveHealthChecks {
  readonly kind: 'http' | 'https' | 'tcp'
  readonly path: string
  readonly timeoutMs: number
  /** Probes at the same time. */
  readonly concurrency: number
  readonly verifyCertificate: boolean
  readonly serverName: string | undefined
  /** 0 = healthy targets are not probed. */
  readonly healthyIntervalMs: number
  /** 0 = unhealthy targets are not probed. */
  readonly unhealthyIntervalMs: number
  readonly thresholds: HealthThresholds
}

export interface PassiveHealthChecks {
  readonly kind: 'http' | 'https' | 'tcp'
  readonly thresholds: HealthThresholds
}

/** How many results of a kind in a row change a target's health; 0 = none do. */
export interface HealthThresholds {
  readonly healthyStatuses: ReadonlySet<number>
  readonly unhealthyStatuses: ReadonlySet<number>
  readonly successes: number
  readonly httpFailures: number
  readonly tcpFailures: number
  readonly timeouts: number
}

/** What is known about one target of a pool. */
export interface TargetHealth {
  readonly targetId: string
  readonly health: 'healthy' | 'unhealthy' | 'unchecked' | 'unresolved'
}
