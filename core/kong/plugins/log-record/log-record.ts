import { consumers, type Consumer } from '#core/kong/entities/consumer.ts'
import type { EntityDirectory } from '#core/kong/entities/entity-directory.ts'
import { routes, type Route } from '#core/kong/entities/route.ts'
import { services, type Service } from '#core/kong/entities/service.ts'
import { plainRecord, type PlainRecord } from '#core/kong/schema/plain-record.ts'
import type { HttpExchange, UpstreamAttempt } from '#core/model/http-filter.ts'
import { parsePairs } from '#core/rest/urlencoded.ts'
import { wireText } from '#core/kong/plugins/wire-text.ts'
import { requestUrl } from './request-url.ts'

/** What the log plugins tell about one exchange. Kong 1.1, "File Log", section "Log Format". */
export interface LogRecord {
  readonly request: {
    /** Path and query as received. */
    readonly uri: string
    readonly url: string
    readonly querystring: Fields<string | true>
    readonly method: string
    /** As the upstream was sent them, by lower-case name. */
    readonly headers: Fields<string>
    /** Bytes, as decimal text. */
    readonly size: string
  }
  /** Path and query for the upstream; empty without a route. */
  readonly upstream_uri: string
  readonly response: {
    readonly status: number
    readonly headers: Fields<string>
    /** Bytes, as decimal text. */
    readonly size: string
  }
  /** Absent without a route. */
  readonly tries?: readonly LogTry[]
  /** In ms. */
  readonly latencies: {
    readonly kong: number
    /** Waiting for the upstream; -1 = it was not asked or did not answer. */
    readonly proxy: number
    readonly request: number
  }
  readonly authenticated_entity?: { readonly id: string; readonly consumer_id: string }
  readonly route?: Route
  readonly service?: Service
  readonly consumer?: Consumer
  readonly client_ip: string
  /** Unix time in ms. */
  readonly started_at: number
}

export interface LogTry {
  readonly balancer_start: number
  readonly balancer_latency: number
  readonly ip: string
  readonly port: number
  /** Only when the attempt failed. */
  readonly state?: 'failed' | 'next'
  readonly code?: number
}

type Fields<value> = PlainRecord<value | value[]>

/** Describes an exchange that is over, with the entities as they are now. */
export function logRecordOf(exchange: HttpExchange, entities: EntityDirectory): LogRecord {
  const { request, response, timing, principal } = exchange
  const route = exchange.route === undefined ? undefined : entities.get(routes, exchange.route.id)
  const serviceId = exchange.route?.serviceId
  const service = serviceId === undefined ? undefined : entities.get(services, serviceId)
  const consumer = principal === undefined ? undefined : entities.get(consumers, principal.id)
  return {
    request: {
      uri: wireText(request.target),
      url: wireText(requestUrl(exchange) + request.target),
      querystring: collected(
        parsePairs(wireText(request.query).slice(1)).map(({ name, value }) => [name, value]),
      ),
      method: request.method,
      headers: collected(lowerCased(request.headers)),
      size: `${request.bytes}`,
    },
    upstream_uri: wireText(upstreamUri(exchange)),
    response: {
      status: response?.status ?? 0,
      headers: collected(lowerCased(response?.headers ?? [])),
      size: `${response?.bytes ?? 0}`,
    },
    ...(exchange.route !== undefined && { tries: exchange.attempts.map(tryOf) }),
    latencies: {
      kong: Math.round(timing.proxyMs),
      proxy: timing.upstreamMs === undefined ? -1 : Math.round(timing.upstreamMs),
      request: Math.round(timing.totalMs),
    },
    ...(principal?.credentialId !== undefined && {
      authenticated_entity: { id: principal.credentialId, consumer_id: principal.id },
    }),
    ...(route !== undefined && { route }),
    ...(service !== undefined && { service }),
    ...(consumer !== undefined && { consumer }),
    client_ip: exchange.client.address,
    started_at: Math.round(timing.startedAt),
  }
}

/** The query belongs to it only once the request is on its way. */
function upstreamUri({ route, answered, request }: HttpExchange): string {
  if (route === undefined) return ''
  return answered ? request.upstreamPath : request.upstreamPath + request.query
}

function tryOf({ address, startedAt, durationMs, outcome, code }: UpstreamAttempt): LogTry {
  return {
    balancer_start: Math.round(startedAt),
    balancer_latency: Math.round(durationMs),
    ip: address.address,
    port: address.port,
    ...(outcome !== 'connected' && { state: outcome, ...(code !== undefined && { code }) }),
  }
}

function* lowerCased(
  fields: Iterable<readonly [name: string, value: string]>,
): Generator<readonly [string, string]> {
  for (const [name, value] of fields) yield [name.toLowerCase(), wireText(value)]
}

/** Names that occur once have a value, others a list. */
function collected<value>(fields: Iterable<readonly [name: string, value: value]>): Fields<value> {
  const record = plainRecord<value | value[]>()
  for (const [name, value] of fields) {
    const known = record[name]
    if (known === undefined) record[name] = value
    else if (Array.isArray(known)) known.push(value)
    else record[name] = [known, value]
  }
  return record
}
