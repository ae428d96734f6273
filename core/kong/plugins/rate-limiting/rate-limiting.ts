import { flag } from '#core/kong/entities/field-types.ts'
import { messageReply } from '#core/kong/plugins/json-reply.ts'
import { counterKey } from '#core/kong/plugins/limits/counter-key.ts'
import { identifyClient, type LimitBy, limitByField } from '#core/kong/plugins/limits/limit-by.ts'
import { configuredLimits, limitFields } from '#core/kong/plugins/limits/limit-fields.ts'
import { unorderedPeriods } from '#core/kong/plugins/limits/limit-order.ts'
import { type Limits, periods, windowAt } from '#core/kong/plugins/limits/period.ts'
import {
  openCounters,
  type PolicyConfig,
  policyField,
  redisChecks,
  redisFields,
} from '#core/kong/plugins/limits/policy.ts'
import { withUsage } from '#core/kong/plugins/limits/with-usage.ts'
import { Note } from '#core/kong/plugins/note.ts'
import { definePlugin } from '#core/kong/plugins/plugin.ts'
import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import { chooseOutcome } from './choose-outcome.ts'

export interface RateLimitingConfig extends PolicyConfig, Limits {
  readonly limit_by: LimitBy
  readonly fault_tolerant: boolean
  readonly hide_client_headers: boolean
}

/** Lets so many requests pass in each second, minute … of the calendar. Kong 1.1, "Rate Limiting". */
export const rateLimiting = definePlugin<RateLimitingConfig>({
  name: 'rate-limiting',
  priority: 901,
  version: '1.0.0',
  runOn: ['first', 'second'],
  protocols: ['http', 'https'],
  config: {
    fields: {
      ...limitFields,
      limit_by: limitByField,
      policy: policyField,
      fault_tolerant: flag(true),
      ...redisFields,
      hide_client_headers: flag(false),
    },
    checks: [
      {
        kind: 'custom',
        fields: periods,
        check: (limits) => {
          const wrong = unorderedPeriods(limits)
          return (
            wrong &&
            `The limit for ${wrong.longer} cannot be lower than the limit for ${wrong.shorter}`
          )
        },
      },
      { kind: 'at-least-one-of', fields: periods },
      ...redisChecks,
    ],
  },
  openHttp: rateLimitingFilter,
})

function rateLimitingFilter(config: RateLimitingConfig, host: PluginHost): HttpFilter {
  const counters = openCounters(config, host)
  const limits = configuredLimits(config)
  const noted = new Note<ReturnType<typeof chooseOutcome>['headers']>()
  return {
    access: (exchange) => {
      const now = Date.now()
      const identifier = identifyClient(exchange, config.limit_by)
      const used = counters.take(
        limits.map(({ period, limit }) => {
          const { start, end } = windowAt(period, now)
          return { key: counterKey(host, [identifier, start, period]), end, limit }
        }),
      )
      return withUsage(exchange, used, {
        host,
        faultTolerant: config.fault_tolerant,
        go: (counts) => {
          const usage = limits.map((limit, index) => ({ ...limit, used: counts[index] ?? 0 }))
          const { blocked, headers } = chooseOutcome(usage)
          if (!config.hide_client_headers) noted.set(exchange, headers)
          if (blocked) exchange.answer(messageReply(429, 'API rate limit exceeded'))
        },
      })
    },
    responseHead: (exchange) => {
      for (const [name, value] of noted.get(exchange) ?? []) {
        exchange.response?.headers.set(name, value)
      }
    },
  }
}
