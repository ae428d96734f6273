import { z } from 'zod'
import type {
  CommandRecord,
  HopRecord,
  LedgerRecord,
  LogRecord,
  RunRecord,
  ScenarioRecord,
  TopologyRecord,
  UnitRecord,
} from './record.ts'
import type { EvidenceLine } from './scenario-log.ts'

const verdict = z.enum(['passed', 'failed', 'skipped', 'unknown'])
const count = z.int().min(0)
const durationMs = z.number().min(0)
// A plain pattern instead of zod's own, which is unreadable in the published schema.
const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, 'expected an ISO 8601 time in UTC')
const text = z.string()
// JSON leaves out what is undefined; the key is there again after reading.
const absentText = text.optional().transform((value) => value)
const absentTime = time.optional().transform((value) => value)

const counts = z.object({ passed: count, failed: count, skipped: count, unknown: count })

const failure = z.object({ message: text, stack: absentText })

const topology: z.ZodType<TopologyRecord> = z.object({
  name: text,
  nodes: z.array(
    z.object({
      name: text,
      kind: z.enum(['service', 'proxy', 'control-plane', 'switch']),
      namespace: text,
      addresses: z.array(text),
    }),
  ),
  links: z.array(z.object({ name: text, between: z.array(text) })),
})

const command: z.ZodType<CommandRecord> = z.object({
  node: text,
  argv: z.array(text),
  exitCode: z.int().nullable(),
  stdout: text,
  stderr: text,
  durationMs,
})

const certificate = z.object({
  subject: text,
  issuer: text,
  fingerprint: text,
  proven: z.boolean(),
})
const absentCertificate = certificate.optional().transform((value) => value)

const tls = z.object({
  version: absentText,
  cipher: absentText,
  offeredAlpn: z.array(text),
  alpn: absentText,
  readable: z.boolean(),
  resumed: z.boolean(),
  established: z
    .boolean()
    .optional()
    .transform((value) => value),
  alert: absentText,
  serverCertificate: absentCertificate,
  clientCertificate: absentCertificate,
})

const hop: z.ZodType<HopRecord> = z.object({
  link: text,
  at: time,
  source: text,
  destination: text,
  from: absentText,
  to: absentText,
  payload: z.enum(['plaintext', 'tls', 'none']),
  serverName: absentText,
  tls: tls.optional().transform((value) => value),
  packets: z
    .object({ first: count, last: count })
    .optional()
    .transform((value) => value),
  bytesToServer: count,
  bytesToClient: count,
  outcome: z.enum(['closed', 'reset', 'refused', 'unanswered', 'open']),
})

const log: z.ZodType<LogRecord> = z.object({ node: text, name: text, text })

const ledger: z.ZodType<LedgerRecord> = z.object({
  verdict: z.enum(['balanced', 'unbalanced']),
  total: count,
  requests: z.array(
    z.object({
      id: text,
      sent: text,
      entries: z.array(
        z.object({
          book: text,
          proof: z.enum(['packets', 'log', 'counter']),
          times: count,
          where: z.array(text),
          balanced: z.boolean(),
        }),
      ),
    }),
  ),
  imbalances: z.array(text),
})

const scenario: z.ZodType<ScenarioRecord> = z.object({
  id: text,
  file: text,
  suite: z.array(text),
  title: text,
  topology: absentText,
  verdict,
  note: absentText,
  startedAt: absentTime,
  durationMs,
  attempts: count,
  tags: z.array(text),
  failures: z.array(failure),
  commands: z.array(command),
  hops: z.array(hop),
  // Reports of before there were any have none.
  captures: z.array(text).default([]),
  logs: z.array(log),
  ledger: ledger.optional().transform((value) => value),
  reproduce: z.array(text),
})

const unit: z.ZodType<UnitRecord> = z.object({
  file: text,
  suite: z.array(text),
  title: text,
  verdict,
  note: absentText,
  durationMs,
  failures: z.array(failure),
})

/** The shape of `report.json`, version 1; the one source of the reader and of `report.schema.json`. */
export const runRecordSchema: z.ZodType<RunRecord> = z.object({
  version: z.literal(1),
  run: z.object({
    id: text,
    startedAt: time,
    durationMs,
    verdict,
    command: text,
    commit: absentText,
  }),
  machine: z.object({ kernel: text, node: text, cpus: count, firewall: absentText }),
  counts,
  topologies: z.array(topology),
  scenarios: z.array(scenario),
  units: z.array(unit),
  faults: z.array(text),
})

/** One line of an evidence file. */
export const evidenceLineSchema: z.ZodType<EvidenceLine> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start') }),
  z.object({ kind: z.literal('topology'), value: topology }),
  z.object({ kind: z.literal('command'), value: command }),
  z.object({ kind: z.literal('hop'), value: hop }),
  z.object({ kind: z.literal('log'), value: log }),
  z.object({ kind: z.literal('capture'), value: text }),
  z.object({ kind: z.literal('ledger'), value: ledger }),
])

/** JSON Schema (2020-12) of `report.json`. */
export function renderReportSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(runRecordSchema, { io: 'input' })
  const titled = { $schema, title: 'Meshyard report, version 1', ...schema }
  return `${JSON.stringify(titled, undefined, 2)}\n`
}
