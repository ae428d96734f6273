import type { EntityCheck, Fields } from '#core/kong/schema/field.ts'
import { hostField, portField } from '#core/kong/entities/field-types.ts'
import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import { ClusterCounters } from './cluster-counters.ts'
import { LocalCounters } from './local-counters.ts'
import { RedisConnection, type RedisSettings } from './redis-connection.ts'
import { RedisCounters } from './redis-counters.ts'
import type { UsageCounters } from './usage-counters.ts'

/** Where a plugin counts. */
export interface PolicyConfig {
  readonly policy: 'local' | 'cluster' | 'redis'
  readonly redis_host: string | null
  readonly redis_port: number | null
  readonly redis_password: string | null
  /** In ms. */
  readonly redis_timeout: number | null
  readonly redis_database: number | null
}

export const policyField = {
  type: 'string',
  default: 'cluster',
  oneOf: ['local', 'cluster', 'redis'],
} as const

export const redisFields = {
  redis_host: hostField,
  redis_port: { ...portField, default: 6379 },
  redis_password: { type: 'string', lenMin: 0 },
  redis_timeout: { type: 'number', default: 2000 },
  redis_database: { type: 'integer', default: 0 },
} as const satisfies Fields

export const redisChecks: readonly EntityCheck[] = [
  'redis_host',
  'redis_port',
  'redis_timeout',
].map((field) => ({
  kind: 'conditional',
  ifField: 'policy',
  ifMatch: { eq: 'redis' },
  thenField: field,
  thenMatch: { required: true },
}))

/** The counters of a node for this policy: shared by all plugins, whatever becomes of one of them. */
export function openCounters(config: PolicyConfig, host: PluginHost): UsageCounters {
  const onFault = (message: string): void => host.log('error', message)
  switch (config.policy) {
    case 'local':
      return host.keep('limits/local', () => new LocalCounters())
    case 'cluster':
      return host.keep(
        'limits/cluster',
        () => new ClusterCounters(() => host.counters, { onFault }),
      )
    case 'redis': {
      const settings: RedisSettings = {
        host: config.redis_host ?? '',
        port: config.redis_port ?? 6379,
        password: config.redis_password,
        database: config.redis_database ?? 0,
        timeoutMs: config.redis_timeout ?? 2000,
      }
      const redis = host.keep(
        `redis ${JSON.stringify(settings)}`,
        () => new RedisConnection(settings),
      )
      return new RedisCounters(redis, { onFault })
    }
  }
}
