import { setTimeout as sleep } from 'node:timers/promises'
import { Turns } from '#core/dataplane/upstreams/turns.ts'
import type { ActiveHealthChecks } from '#core/model/target-pool.ts'
import type { HealthEvent } from './judge-health.ts'
import { probe, type ProbeTarget } from './probe.ts'

export interface ProbesOptions<target extends ProbeTarget> {
  readonly checks: ActiveHealthChecks
  readonly trustedAuthorities: readonly string[] | undefined
  /** Whom to ask in the coming round. */
  readonly targets: (healthy: boolean) => readonly target[]
  readonly onResult: (target: target, event: HealthEvent) => void
}

/**
 * Asks the healthy and the unhealthy at their intervals, the first time at once, until it is disposed of. A round begins
 * only after the one before it has ended.
 */
export function openProbes<target extends ProbeTarget>(
  options: ProbesOptions<target>,
): AsyncDisposable {
  const stop = new AbortController()
  const { healthyIntervalMs, unhealthyIntervalMs } = options.checks
  const turns = new Turns(Math.max(1, options.checks.concurrency))
  const rounds = [
    repeat(true, healthyIntervalMs, { ...options, turns, signal: stop.signal }),
    repeat(false, unhealthyIntervalMs, { ...options, turns, signal: stop.signal }),
  ]
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await Promise.all(rounds)
    },
  }
}

async function repeat<target extends ProbeTarget>(
  healthy: boolean,
  intervalMs: number,
  options: ProbesOptions<target> & { readonly turns: Turns; readonly signal: AbortSignal },
): Promise<void> {
  const { checks, trustedAuthorities, targets, onResult, turns, signal } = options
  if (intervalMs <= 0) return
  const ask = async (target: target): Promise<void> => {
    const event = await probe(target, { checks, trustedAuthorities, signal })
    if (event !== undefined && !signal.aborted) onResult(target, event)
  }
  while (!signal.aborted) {
    const round = [...targets(healthy)].map((target) => turns.take(() => ask(target)))
    // oxlint-disable-next-line no-await-in-loop -- rounds follow each other
    await Promise.all(round)
    // oxlint-disable-next-line no-await-in-loop -- rounds follow each other
    await sleep(intervalMs, undefined, { signal }).catch(() => {})
  }
}
