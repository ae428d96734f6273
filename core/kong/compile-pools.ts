import type { HashInput, HealthThresholds, TargetPool } from '#core/model/target-pool.ts'
import { activeTargets } from './entities/active-targets.ts'
import type { EntityDirectory } from './entities/entity-directory.ts'
import type { HealthyRule, UnhealthyRule, UpstreamHealthChecks } from './entities/health-checks.ts'
import { postedHealths } from './entities/posted-health.ts'
import { parseTarget } from './entities/target-address.ts'
import { targets, type Target } from './entities/target.ts'
import { upstreams, type HashOn, type KongUpstream } from './entities/upstream.ts'

/** Compiles every Upstream and its Targets (Kong 1.1, "Load Balancing Reference"). */
export function compilePools(entities: EntityDirectory): readonly TargetPool[] {
  return entities.list(upstreams).map((upstream) => compilePool(upstream, entities))
}

function compilePool(upstream: KongUpstream, entities: EntityDirectory): TargetPool {
  const { id, name, slots, healthchecks } = upstream
  const said = new Map(
    entities
      .findAll(postedHealths, 'upstream', id)
      .map(({ target, healthy, created_at }) => [target, { healthy, at: created_at * 1000 }]),
  )
  const poolTarget = (target: Target): TargetPool['targets'] => {
    const address = parseTarget(target.target)
    if (address === undefined) return []
    const word = said.get(target.target)
    return [
      {
        id: target.id,
        ...address,
        weight: target.weight,
        // What was said before the Target was written anew was about its predecessor.
        said: word !== undefined && word.at >= target.created_at * 1000 ? word : undefined,
      },
    ]
  }
  return {
    id,
    name,
    slots,
    hashOn: hashInput(upstream.hash_on, upstream.hash_on_header, upstream),
    hashFallback: hashInput(upstream.hash_fallback, upstream.hash_fallback_header, upstream),
    // The oldest first: a new Target then moves as few positions as it can.
    targets: activeTargets(entities.findAll(targets, 'upstream', id))
      .toReversed()
      .flatMap(poolTarget),
    healthChecks: compileHealthChecks(healthchecks),
  }
}

function hashInput(on: HashOn, header: string | null, upstream: KongUpstream): HashInput {
  switch (on) {
    case 'none':
      return { kind: 'none' }
    case 'consumer':
      return { kind: 'principal' }
    case 'ip':
      return { kind: 'client-address' }
    case 'header':
      return { kind: 'header', name: header ?? '' }
    case 'cookie':
      return {
        kind: 'cookie',
        name: upstream.hash_on_cookie ?? '',
        path: upstream.hash_on_cookie_path,
      }
  }
}

function compileHealthChecks({
  active,
  passive,
}: UpstreamHealthChecks): TargetPool['healthChecks'] {
  return {
    active: {
      kind: active.type,
      path: active.http_path,
      timeoutMs: active.timeout * 1000,
      concurrency: active.concurrency,
      verifyCertificate: active.https_verify_certificate,
      serverName: active.https_sni ?? undefined,
      healthyIntervalMs: active.healthy.interval * 1000,
      unhealthyIntervalMs: active.unhealthy.interval * 1000,
      thresholds: thresholds(active.healthy, active.unhealthy),
    },
    passive: { kind: passive.type, thresholds: thresholds(passive.healthy, passive.unhealthy) },
  }
}

function thresholds(healthy: HealthyRule, unhealthy: UnhealthyRule): HealthThresholds {
  return {
    healthyStatuses: new Set(healthy.http_statuses),
    unhealthyStatuses: new Set(unhealthy.http_statuses),
    successes: healthy.successes,
    httpFailures: unhealthy.http_failures,
    tcpFailures: unhealthy.tcp_failures,
    timeouts: unhealthy.timeouts,
  }
}
