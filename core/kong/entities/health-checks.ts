import type { NumberField, RecordField } from '#core/kong/schema/field.ts'
import { flag, pathField, serverNameField } from './field-types.ts'

/** How the Targets of an Upstream are watched. Zeros switch a rule off. Kong 1.1, section "Upstream object". */
export interface UpstreamHealthChecks {
  readonly active: {
    readonly type: ProbeType
    /** In s. */
    readonly timeout: number
    /** Probes at the same time. */
    readonly concurrency: number
    readonly http_path: string
    readonly https_verify_certificate: boolean
    readonly https_sni: string | null
    readonly healthy: HealthyRule & ProbeRule
    readonly unhealthy: UnhealthyRule & ProbeRule
  }
  readonly passive: {
    readonly type: ProbeType
    readonly healthy: HealthyRule
    readonly unhealthy: UnhealthyRule
  }
}

export type ProbeType = 'http' | 'https' | 'tcp'

export interface ProbeRule {
  /** In s between probes. */
  readonly interval: number
}

export interface HealthyRule {
  readonly http_statuses: readonly number[]
  readonly successes: number
}

export interface UnhealthyRule {
  readonly http_statuses: readonly number[]
  readonly tcp_failures: number
  readonly timeouts: number
  readonly http_failures: number
}

const typeField = {
  type: 'string',
  oneOf: ['tcp', 'http', 'https'],
  default: 'http',
  required: true,
} as const

export const healthChecksField: RecordField = record({
  active: record({
    type: typeField,
    timeout: seconds(1),
    concurrency: { type: 'integer', between: [1, 2 ** 31], default: 10, required: true },
    http_path: { ...pathField, default: '/', required: true },
    https_verify_certificate: { ...flag(true), required: true },
    https_sni: serverNameField,
    healthy: record({
      interval: seconds(0),
      http_statuses: statuses([200, 302]),
      successes: count(),
    }),
    unhealthy: record({
      interval: seconds(0),
      http_statuses: statuses([429, 404, 500, 501, 502, 503, 504, 505]),
      tcp_failures: count(),
      timeouts: count(),
      http_failures: count(),
    }),
  }),
  passive: record({
    type: typeField,
    healthy: record({
      http_statuses: statuses([
        200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307,
        308,
      ]),
      successes: count(),
    }),
    unhealthy: record({
      http_statuses: statuses([429, 500, 503]),
      tcp_failures: count(),
      timeouts: count(),
      http_failures: count(),
    }),
  }),
})

function record(fields: RecordField['fields']): RecordField {
  return { type: 'record', fields, required: true }
}

function seconds(byDefault: number): NumberField {
  return { type: 'number', between: [0, 65_535], default: byDefault, required: true }
}

function count(): NumberField {
  return { type: 'integer', between: [0, 255], default: 0, required: true }
}

function statuses(byDefault: readonly number[]): RecordField['fields'][string] {
  return {
    type: 'array',
    elements: { type: 'integer', between: [100, 999] },
    default: byDefault,
    required: true,
  }
}
