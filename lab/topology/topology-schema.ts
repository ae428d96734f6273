import { z } from 'zod'

/** What a topology file may hold: everything in full, or short where `completeTopology` knows the rest. */

const name = z
  .string()
  .regex(/^[a-z0-9-]{1,63}$/, 'use 1 to 63 lower-case letters, digits and hyphens')
const text = z.string().min(1, 'write at least one character')
const port = z
  .int('write a port, 1 to 65535')
  .min(1, 'write a port, 1 to 65535')
  .max(65_535, 'write a port, 1 to 65535')
const cidr = z.union([z.cidrv4(), z.cidrv6()], {
  error: 'write an address with its prefix length, such as 10.0.0.1/24',
})
const ip = z.union([z.ipv4(), z.ipv6()], { error: 'write an IP address, such as 10.0.0.1' })
const argv = z.tuple([text], z.string(), {
  error: 'write program and arguments, such as [ncat, --listen]',
})
const listens = z.array(z.strictObject({ address: ip, port }))
/** YAML reads `1` and `true` as no text, but to a program they are. */
const setting = z
  .union([z.string(), z.number(), z.boolean()], { error: 'write a text, a number, true or false' })
  .transform(String)

const routeWords = 'write a route, such as "10.2.0.0/24 via 10.0.0.4" or "default via 10.1.0.3"'
const route = z.union(
  [
    z.strictObject({
      to: z.union([cidr, z.literal('default')], {
        error: 'write a block, such as 10.2.0.0/24, or "default"',
      }),
      via: ip,
    }),
    z
      .string()
      .regex(/^(?:default|[\da-fA-F.:]+\/\d+) via [\da-fA-F.:]+$/, routeWords)
      .refine((line) => {
        const [to, via] = line.split(' via ')
        return (to === 'default' || cidr.safeParse(to).success) && ip.safeParse(via).success
      }, routeWords),
  ],
  { error: unionError(routeWords) },
)

const namespace = z.union(
  [
    name,
    z.strictObject({
      name,
      routes: z.array(route).optional(),
      sysctls: z
        .record(z.string().regex(/^net(\.\w[\w/:-]*)+$/, 'name a setting below "net."'), setting)
        .exactOptional(),
    }),
  ],
  { error: unionError('write the name of a namespace, or its name, routes and sysctls') },
)

const link = z
  .strictObject({
    kind: z
      .enum(['veth', 'bridge'])
      .optional()
      .describe('Default: veth, but bridge where there are not two ends or a namespace.'),
    name,
    namespace: name.optional().describe('Of a bridge. Default: switch.'),
    ends: z.array(
      z.strictObject({
        namespace: name,
        interface: z
          .string()
          .regex(/^(?!lo$)[\w-]{1,15}$/, 'use 1 to 15 letters, digits, "_" and "-", and not "lo"')
          .optional()
          .describe('Default: the first of eth0, eth1 … that its namespace does not have.'),
        addresses: z.array(cidr).optional(),
      }),
    ),
  })
  .superRefine(({ kind, ends, namespace: where }, context) => {
    if (kind === 'veth' && ends.length !== 2) {
      context.addIssue({
        code: 'custom',
        path: ['ends'],
        message: `a veth has two ends, not ${ends.length}; a bridge has any number`,
      })
    }
    if (kind === 'veth' && where !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['namespace'],
        message: 'a veth has no namespace of its own; a bridge has',
      })
    }
  })

const process = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('kong'),
    name: name.optional().describe('Default: kong.'),
    prefix: name.optional().describe('Folder below the run folder. Default: the name of the node.'),
    settings: z
      .record(z.string().regex(/^[a-z0-9_]+$/, 'name a setting as kong.conf does'), setting)
      .describe('Settings as kong.conf names them.'),
  }),
  z.strictObject({
    kind: z.literal('ncat'),
    name: name.optional().describe('Default: ncat-PORT.'),
    address: ip.optional().describe('Default: the first address of the node.'),
    port,
    tls: z.boolean().optional(),
    answer: z.string(),
  }),
  z.strictObject({
    kind: z.literal('echo'),
    name: name.optional().describe('Default: echo.'),
    addresses: z
      .array(ip)
      .min(1, 'write at least one address, or leave the field out')
      .optional()
      .describe('Default: the addresses of the node.'),
    ports: z
      .strictObject({ http: port, https: port, tcp: port, tls: port })
      .optional()
      .describe('Default: 18000, 18443, 19000, 19443.'),
  }),
  z.strictObject({
    kind: z.literal('command'),
    name,
    argv,
    environment: z.record(z.string(), setting).optional(),
    listens: listens.optional().describe('It is ready once it listens on all of these.'),
  }),
])

const node = z.strictObject({
  name,
  kind: z
    .enum(['service', 'proxy', 'control-plane', 'switch'])
    .optional()
    .describe('Default: service.'),
  namespace: name.optional().describe('Default: the name of the node.'),
  addresses: z
    .array(ip)
    .optional()
    .describe('Default: those of its namespace, when it is the only node there.'),
  processes: z.array(process).optional(),
})

const portWords = 'write a port and the listener it goes to, such as "18000:8000"'
const ports = z
  .array(
    z.union(
      [
        z.strictObject({ port, listener: port }),
        z
          .string()
          .regex(/^[1-9]\d{0,4}:[1-9]\d{0,4}$/, portWords)
          .refine((line) => line.split(':').every((each) => Number(each) <= 65_535), portWords),
      ],
      { error: unionError(portWords) },
    ),
  )
  .min(1, 'write at least one port')

const interception = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('path'),
    namespace: name,
    inputInterface: text,
    destinations: z
      .array(z.union([cidr, ip], { error: 'write an address or a block' }))
      .min(1, 'write at least one address or block'),
    ports,
  }),
  z.strictObject({
    kind: z.literal('pod'),
    namespace: name,
    inputInterface: text,
    ports,
    exempt: z.enum(['mark', 'uid']).optional(),
  }),
  z.strictObject({
    kind: z.literal('commands'),
    namespace: name,
    install: z.array(argv),
    remove: z.array(argv),
  }),
])

const kongName = z.string().regex(/^[\w.~-]+$/, 'use letters, digits, ".", "_", "~" and "-"')
const protocols = z
  .array(z.enum(['tcp', 'tls', 'http', 'https']))
  .min(1, 'write at least one protocol')

const kong = z.strictObject({
  admin: z
    .union([name, z.strictObject({ node: name, address: ip.optional(), port: port.optional() })], {
      error: unionError('write the node of the Admin API'),
    })
    .describe('Where the Admin API answers plain HTTP. Default: 127.0.0.1 port 8001 of the node.'),
  services: z
    .array(
      z.strictObject({
        name: kongName,
        url: z
          .url('write a URL, such as http://10.2.0.5:18000')
          .regex(/^(?:https?|tcp|tls):\/\/[^/]/, 'begin with http://, https://, tcp:// or tls://'),
        route: z.strictObject({
          protocols,
          hosts: z.array(text).optional(),
          destinations: z.array(z.strictObject({ ip: text, port })).optional(),
        }),
      }),
    )
    .optional(),
  routes: z
    .array(
      z.strictObject({
        name: kongName,
        protocols,
        paths: z.array(text).optional(),
        ports: z.array(port).optional(),
      }),
    )
    .exactOptional(),
})

export const topologySchema = z.strictObject({
  $schema: z.string().optional(),
  name: name.optional().describe('Default: the name of the file.'),
  summary: z.string().optional().describe('One sentence for people.'),
  namespaces: z
    .array(namespace)
    .min(1, 'write at least one namespace, or leave the field out')
    .optional()
    .describe('Default: those that nodes and bridges name.'),
  links: z.array(link).optional(),
  nodes: z.array(node).min(1, 'a topology has at least one node'),
  interception: z.array(interception).optional(),
  kong: kong.optional(),
  tryNext: z
    .array(text)
    .optional()
    .describe('Commands to try once it is up: a node and what to run there.'),
})

/** What people write. */
export type TopologyInput = z.input<typeof topologySchema>

/** Well formed, and not yet complete. */
export type TopologyFile = z.output<typeof topologySchema>

/** The fault of the alternative that was meant, where it can be told; otherwise the words. */
function unionError(words: string): (issue: { readonly input?: unknown }) => string | undefined {
  return ({ input }) =>
    typeof input === 'object' && input !== null && !Array.isArray(input) ? undefined : words
}
