import type { HealthThresholds } from '#core/model/target-pool.ts'

/** What one result says about an address; `connected` refutes no more than that it cannot be reached. */
export type HealthEvent = 'success' | 'connected' | 'http-failure' | 'tcp-failure' | 'timeout'

/** How often each kind came in a row, and what followed from it. */
export interface HealthState {
  readonly healthy: boolean
  readonly successes: number
  readonly httpFailures: number
  readonly tcpFailures: number
  readonly timeouts: number
}

/** Nothing is known but this. */
export function startHealth(healthy: boolean): HealthState {
  return { healthy, successes: 0, httpFailures: 0, tcpFailures: 0, timeouts: 0 }
}

/**
 * Health after one more result. A success ends every row of failures, and a failure the row of successes; a threshold of
 * 0 lets that kind change nothing.
 */
export function judgeHealth(
  state: HealthState,
  event: HealthEvent,
  thresholds: HealthThresholds,
): HealthState {
  if (event === 'connected') return state.tcpFailures === 0 ? state : { ...state, tcpFailures: 0 }
  if (event === 'success') return afterSuccess(state, thresholds)
  const field = fieldOf[event]
  const threshold = thresholds[field]
  if (threshold === 0) return { ...state, successes: 0 }
  const inRow = state[field] + 1
  const healthy = state.healthy && inRow < threshold
  return { ...state, successes: 0, [field]: inRow, healthy }
}

function afterSuccess(state: HealthState, { successes }: HealthThresholds): HealthState {
  const { healthy, httpFailures, tcpFailures, timeouts } = state
  // The everyday case makes nothing new.
  if (healthy && httpFailures + tcpFailures + timeouts === 0) return state
  const inRow = healthy ? 0 : state.successes + 1
  if (healthy || (successes > 0 && inRow >= successes)) return startHealth(true)
  return { ...startHealth(false), successes: inRow }
}

const fieldOf = {
  'http-failure': 'httpFailures',
  'tcp-failure': 'tcpFailures',
  timeout: 'timeouts',
} as const

/** What a status says; undefined = nothing. */
export function eventOfStatus(
  status: number,
  { healthyStatuses, unhealthyStatuses }: HealthThresholds,
): HealthEvent | undefined {
  if (healthyStatuses.has(status)) return 'success'
  return unhealthyStatuses.has(status) ? 'http-failure' : undefined
}
