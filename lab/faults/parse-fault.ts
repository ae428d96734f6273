import { z } from 'zod'
import { LabError } from '#lab/run/lab-error.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import type { FaultKind, FaultSpec } from './fault-spec.ts'
import { placeFaults } from './place-faults.ts'

/**
 * Turns what a person or a program asked for into a fault of this lab.
 * @throws LabError that lists everything that is wrong with it.
 */
export function parseFault(value: unknown, plan: LabPlan): FaultSpec {
  const spec = readFault(value)
  const faults = placeFaults(spec, plan)
  if (faults.length > 0) throw cannotBe(spec.kind, faults)
  return spec
}

/**
 * A fault that some lab may have.
 * @throws LabError for what can be in none, with everything that is wrong with it.
 */
export function readFault(value: unknown): FaultSpec {
  const kind =
    typeof value === 'object' && value !== null && 'kind' in value ? String(value.kind) : ''
  const schema = Object.entries(schemas).find(([known]) => known === kind)?.[1]
  if (schema === undefined) {
    throw new LabError(
      `"${kind}" is no kind of fault; there are ${Object.keys(schemas).join(', ')}.`,
    )
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw cannotBe(
    kind,
    parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `"${key}" does not go with ${kind}`)
        : [`${issue.path.join('.')}: ${issue.message}`],
    ),
  )
}

function cannotBe(kind: string, faults: readonly string[]): LabError {
  return new LabError(`The fault ${kind} cannot be: ${faults.join('; ')}.`)
}

const name = z.string({ error: 'name one' }).min(1)
const seed = z.int().min(0).max(0xffffffff).exactOptional()
const ms = number('milliseconds', 0.1, 60_000)
const percent = number('percent', 0.01, 100)
const link = { link: name, from: name.exactOptional(), to: name.exactOptional() }
const node = { node: name }

const schemas: { readonly [kind in FaultKind]: z.ZodType<Extract<FaultSpec, { kind: kind }>> } = {
  partition: object('partition', link),
  down: object('down', { link: name, from: name.exactOptional() }),
  delay: object('delay', {
    ...link,
    ms,
    jitterMs: number('milliseconds', 0, 60_000).exactOptional(),
    seed,
  }),
  jitter: object('jitter', { ...link, ms, seed }),
  loss: object('loss', { ...link, percent, seed }),
  duplicate: object('duplicate', { ...link, percent, seed }),
  rate: object('rate', { ...link, mbit: number('Mbit/s', 0.01, 100_000) }),
  reorder: object('reorder', { ...link, percent, ms, seed }),
  kill: object('kill', node),
  pause: object('pause', node),
  restart: object('restart', node),
  reset: object('reset', {
    ...node,
    by: z.enum(['kernel', 'rules'], { error: 'must be kernel or rules' }).exactOptional(),
  }),
  clock: object('clock', {
    ...node,
    offset: z
      .string({ error: 'say by how much, such as +1y, -3d or +90s' })
      .regex(
        /^[+-]\d{1,9}[smhdy]$/,
        'write a sign, a number and one of s, m, h, d, y, such as +1y',
      ),
  }),
  'expired-certificate': object('expired-certificate', {
    ...node,
    lifetimeDays: z.int().min(1).max(20_000).exactOptional(),
  }),
  'store-down': object('store-down', {}),
}

function object<const kind extends FaultSpec['kind'], shape extends z.ZodRawShape>(
  kind: kind,
  shape: shape,
) {
  return z.strictObject({ kind: z.literal(kind), ...shape })
}

function number(unit: string, least: number, most: number) {
  const error = `must be from ${least} to ${most} ${unit}`
  return z.number({ error }).min(least, error).max(most, error)
}
