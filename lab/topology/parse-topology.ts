import { z } from 'zod'
import { LabError } from '#lab/run/lab-error.ts'
import { topologyFaults } from './topology-faults.ts'
import type { Topology } from './topology.ts'

/**
 * Turns the content of a topology file into a topology.
 * @throws LabError that lists every fault with its place, such as `nodes[2].namespace`.
 */
export function parseTopology(value: unknown, source: string): Topology {
  const parsed = topologySchema.safeParse(value)
  const faults = parsed.success
    ? topologyFaults(parsed.data)
    : parsed.error.issues.map(({ path, message }) => `${renderPlace(path)}: ${message}`)
  if (parsed.success && faults.length === 0) return parsed.data
  throw new LabError(
    `The topology ${source} cannot run:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
  )
}

function renderPlace(path: readonly PropertyKey[]): string {
  const place = path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
  return place.replace(/^\./, '') || 'the file'
}

const name = z
  .string()
  .regex(/^[a-z0-9-]{1,63}$/, 'use 1 to 63 lower-case letters, digits and hyphens')
const text = z.string().min(1)
const port = z.int().min(1).max(65_535)
const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'write an address with its prefix length' })
const ip = z.union([z.ipv4(), z.ipv6()], { error: 'write an IP address' })
const argv = z.tuple([text], z.string())
const endpoint = { address: ip, port }
const list = <item extends z.ZodType>(item: item): z.ZodDefault<z.ZodArray<item>> =>
  z.array(item).default([])

const namespaceSchema = z.strictObject({
  name,
  routes: list(z.strictObject({ to: z.union([cidr, z.literal('default')]), via: ip })),
})

const linkEnd = z.strictObject({
  namespace: name,
  interface: z.string().regex(/^[\w.-]{1,15}$/, 'use 1 to 15 letters, digits, "_", "." and "-"'),
  addresses: list(cidr),
})

const link = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('veth'), name, ends: z.tuple([linkEnd, linkEnd]) }),
  z.strictObject({
    kind: z.literal('bridge'),
    name,
    namespace: name,
    ends: z.array(linkEnd),
  }),
])

const processSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('kong'),
    name,
    prefix: name,
    settings: z.record(z.string().regex(/^[a-z0-9_]+$/), z.string()),
  }),
  z.strictObject({
    kind: z.literal('ncat'),
    name,
    ...endpoint,
    tls: z.boolean().default(false),
    answer: z.string(),
  }),
  z.strictObject({
    kind: z.literal('echo'),
    name,
    addresses: z.array(ip).min(1),
    ports: z.strictObject({ http: port, https: port, tcp: port, tls: port }),
  }),
  z.strictObject({
    kind: z.literal('command'),
    name,
    argv,
    environment: z.record(z.string(), z.string()).default({}),
    listens: list(z.strictObject(endpoint)),
  }),
])

const interceptionSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('path'),
    namespace: name,
    inputInterface: text,
    destinations: z.array(z.union([cidr, ip])).min(1),
    ports: z.array(z.strictObject({ port, listener: port })).min(1),
  }),
  z.strictObject({
    kind: z.literal('commands'),
    namespace: name,
    install: z.array(argv),
    remove: z.array(argv),
  }),
])

const kong = z.strictObject({
  admin: z.strictObject({ node: name, ...endpoint }),
  services: list(
    z.strictObject({
      name: text,
      url: z.url(),
      route: z.strictObject({
        protocols: z.array(z.enum(['tcp', 'tls', 'http', 'https'])).min(1),
        hosts: list(text),
        destinations: list(z.strictObject({ ip: text, port })),
      }),
    }),
  ),
})

const topologySchema = z
  .strictObject({
    name,
    summary: z.string().default(''),
    namespaces: z.array(namespaceSchema).min(1),
    links: list(link),
    nodes: z
      .array(
        z.strictObject({
          name,
          kind: z.enum(['service', 'proxy', 'control-plane', 'switch']),
          namespace: name,
          addresses: list(z.string()),
          processes: list(processSchema),
        }),
      )
      .min(1),
    interception: list(interceptionSchema),
    kong: kong.optional(),
    tryNext: list(text),
  })
  .transform((value): Topology => ({ ...value, kong: value.kong }))
