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
import { isRecord } from '#core/kong/schema/plain-record.ts'
import type { FilteredResponse, HttpExchange, HttpFilter } from '#core/model/http-filter.ts'
import { parseIncrements } from './parse-increments.ts'

export interface ResponseRatelimitingConfig extends PolicyConfig {
  readonly header_name: string
  readonly limit_by: LimitBy
  readonly fault_tolerant: boolean
  readonly block_on_first_violation: boolean
  readonly hide_client_headers: boolean
  readonly limits: Readonly<Record<string, Limits>>
}

/** Limits what upstreams say that their answers cost. Kong 1.1, "Response Rate Limiting". */
export const responseRatelimiting = definePlugin<ResponseRatelimitingConfig>({
  name: 'response-ratelimiting',
  priority: 900,
  version: '1.0.0',
  runOn: ['first', 'second'],
  protocols: ['http', 'https'],
  config: {
    fields: {
      header_name: { type: 'string', default: 'x-kong-limit' },
      limit_by: limitByField,
      policy: policyField,
      fault_tolerant: flag(true),
      ...redisFields,
      block_on_first_violation: flag(false),
      hide_client_headers: flag(false),
      limits: {
        type: 'map',
        required: true,
        lenMin: 1,
        // Names become parts of header names.
        keys: { type: 'string', match: /^[\w!#$%&'*+.^`|~-]+$/ },
        values: {
          type: 'record',
          required: true,
          fields: limitFields,
          checks: [{ kind: 'at-least-one-of', fields: periods }],
        },
        check: checkLimits,
      },
    },
    checks: redisChecks,
  },
  openHttp: responseRatelimitingFilter,
})

function checkLimits(limits: Readonly<Record<string, unknown>>): string | undefined {
  for (const limit of Object.values(limits)) {
    const wrong = isRecord(limit) ? unorderedPeriods(limit) : undefined
    if (wrong !== undefined) {
      return `the limit for ${wrong.longer} cannot be lower than the limit for ${wrong.shorter}`
    }
  }
  return undefined
}

/** What a client had left of one limit when its request came in. */
interface Allowance {
  readonly name: string
  readonly period: string
  readonly limit: number
  readonly remaining: number
  readonly counter: { readonly key: string; readonly end: number }
}

function responseRatelimitingFilter(
  config: ResponseRatelimitingConfig,
  host: PluginHost,
): HttpFilter {
  const counters = openCounters(config, host)
  const limits = Object.entries(config.limits).flatMap(([name, ofPeriods]) =>
    configuredLimits(ofPeriods).map((limit) => ({ name, ...limit })),
  )
  const names = new Set(limits.map(({ name }) => name))
  const noted = new Note<readonly Allowance[]>()

  const admit = (exchange: HttpExchange, allowances: readonly Allowance[]): void => {
    for (const name of names) {
      const left = allowances.filter((allowance) => allowance.name === name)
      const remaining = Math.min(...left.map((allowance) => allowance.remaining))
      if (config.block_on_first_violation && remaining <= 0) {
        exchange.answer(messageReply(429, `API rate limit exceeded for '${name}'`))
        return
      }
      exchange.request.headers.set(`X-RateLimit-Remaining-${name}`, `${remaining}`)
    }
    noted.set(exchange, allowances)
  }
  const charge = (response: FilteredResponse, allowances: readonly Allowance[]): void => {
    const fromUpstream = response.source === 'upstream'
    const costs = parseIncrements(
      fromUpstream ? response.headers.getAll(config.header_name) : [],
      names,
    )
    if (fromUpstream) response.headers.remove(config.header_name)
    const costOf = ({ name }: Allowance): number => costs.get(name) ?? 0
    const blocked = allowances.some(
      (allowance) => costOf(allowance) > 0 && allowance.remaining <= 0,
    )
    if (!config.hide_client_headers) {
      for (const allowance of allowances) {
        const { name, period, limit, remaining } = allowance
        const left = remaining - (blocked ? 0 : costOf(allowance))
        response.headers.set(`X-RateLimit-Limit-${name}-${period}`, `${limit}`)
        response.headers.set(`X-RateLimit-Remaining-${name}-${period}`, `${Math.max(0, left)}`)
      }
    }
    if (blocked) {
      withhold(response)
      return
    }
    const additions = allowances.flatMap((allowance) => {
      const by = costOf(allowance)
      return by === 0 ? [] : [{ ...allowance.counter, by }]
    })
    if (additions.length > 0) counters.add(additions)
  }
  return {
    access: (exchange) => {
      const now = Date.now()
      const identifier = identifyClient(exchange, config.limit_by)
      const places = limits.map((limit) => {
        const { start, end } = windowAt(limit.period, now)
        const key = counterKey(host, [identifier, start, limit.name, limit.period])
        return { ...limit, counter: { key, end } }
      })
      const used = counters.read(places.map(({ counter }) => counter))
      return withUsage(exchange, used, {
        host,
        faultTolerant: config.fault_tolerant,
        go: (counts) => {
          const allowances = places.map((place, index) => ({
            ...place,
            remaining: place.limit - (counts[index] ?? 0),
          }))
          admit(exchange, allowances)
        },
      })
    },
    responseHead: (exchange) => {
      const allowances = noted.get(exchange)
      if (allowances !== undefined && exchange.response) charge(exchange.response, allowances)
    },
  }
}

/** Keeps what the upstream gave from the client. */
function withhold(response: FilteredResponse): void {
  response.status = 429
  for (const name of ['Content-Type', 'Content-Encoding', 'Content-Length']) {
    response.headers.remove(name)
  }
  response.transformBody(() => nothing)
}

const nothing = new Uint8Array()
