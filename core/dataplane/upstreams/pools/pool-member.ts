import type { HealthState } from '#core/dataplane/upstreams/health/judge-health.ts'

/** One address of a target. It stays the same object for as long as the address belongs to the target. */
export interface PoolMember {
  /** Target and address, unique in a pool. */
  readonly key: string
  readonly target: { readonly host: string; readonly port: number }
  /** Name of the target. */
  readonly host: string
  readonly address: string
  readonly port: number
  state: HealthState
}
