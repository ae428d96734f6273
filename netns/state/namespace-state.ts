import type { NetworkNamespace } from '#netns/namespace.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { readLinks } from './links.ts'
import { readRules } from './rules.ts'
import { readAddresses, readPolicyRules, readRoutes } from './routing.ts'
import { readSysctls } from './sysctls.ts'
import { readTcpSockets, renderConnection, renderListener } from './tcp-sockets.ts'
import { readTracked } from './tracked.ts'

/**
 * What is in a network namespace, as sorted lists of text. Two namespaces that packets cannot tell apart have equal
 * states, however and by whom they were made: there are no indexes, hardware addresses, counters, handles or times.
 */
export interface NamespaceState {
  readonly links: readonly string[]
  /** Without those that the kernel makes from hardware addresses. */
  readonly addresses: readonly string[]
  /** Of all tables and both families, without those of the addresses left out. */
  readonly routes: readonly string[]
  readonly policyRules: readonly string[]
  /** What delays, limits or drops packets as they leave an interface. */
  readonly queues: readonly string[]
  /** Each with its table, its chain and its place in it. */
  readonly rules: readonly string[]
  readonly sysctls: readonly string[]
  /** TCP sockets that wait for connections. */
  readonly listening: readonly string[]
  /** TCP sockets with a connection that has not ended. */
  readonly connections: readonly string[]
  /** What connection tracking remembers. */
  readonly tracked: readonly string[]
}

/** By the name of the namespace. */
export type NetworkState = Readonly<Record<string, NamespaceState>>

/** Reads the state of a namespace. `sysctls` are keys that count besides those that always do. */
export function readNamespaceState(
  namespace: NetworkNamespace,
  options: { readonly sysctls?: readonly string[] } = {},
): NamespaceState {
  return { ...readNetwork(namespace, options), ...readSockets(namespace) }
}

/** The part of a namespace's state that is there without processes. */
export function readNetwork(
  namespace: NetworkNamespace,
  { sysctls = [] }: { readonly sysctls?: readonly string[] } = {},
): Omit<NamespaceState, keyof ReturnType<typeof readSockets>> {
  return namespace.run(() => {
    using socket = new NetlinkSocket(namespace.label)
    const links = readLinks(socket)
    return {
      links: links.links.toSorted(),
      addresses: readAddresses(socket, links.byIndex).map(({ text }) => text),
      routes: readRoutes(socket, links.byIndex).map(({ text }) => text),
      policyRules: readPolicyRules(socket).map(({ text }) => text),
      queues: links.queues.toSorted(),
      rules: readRules(),
      sysctls: [...links.sysctls, ...readSysctls(sysctls)].toSorted(),
    }
  })
}

/** The part of a namespace's state that processes make. */
export function readSockets(
  namespace: NetworkNamespace,
): Pick<NamespaceState, 'listening' | 'connections' | 'tracked'> {
  return namespace.run(() => {
    const { listening, connected } = readTcpSockets(namespace.label)
    return {
      listening: listening.map(renderListener).toSorted(),
      connections: connected.map(renderConnection).toSorted(),
      tracked: readTracked(namespace.label),
    }
  })
}

/** The same for equal states, whatever the order of the namespaces. */
export function hashState(state: NetworkState): string {
  const names = Object.keys(state).toSorted()
  // Loaded by those who ask, since it takes longer than to read the state of a small network.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256')
    .update(JSON.stringify(names.map((name) => [name, state[name]])))
    .digest('hex')
}

/** What is in one state alone, one line each: `- ` in `before`, `+ ` in `after`, with namespace and part. */
export function compareStates(before: NetworkState, after: NetworkState): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return Array.from(names)
    .toSorted()
    .flatMap((name) => {
      const [one, other] = [before[name], after[name]]
      if (one === undefined) return [`+ ${name}`]
      if (other === undefined) return [`- ${name}`]
      return stateParts.flatMap((part) => {
        const key = part === 'rules' ? withoutPlace : asItIs
        const changed = compareLines(one[part], other[part], key)
        // What is there is the same, and its order is not.
        const lines = changed.length > 0 ? changed : compareLines(one[part], other[part], asItIs)
        return lines.map(({ sign, line }) => `${sign} ${name} ${part}: ${line}`)
      })
    })
}

const stateParts = [
  'links',
  'addresses',
  'routes',
  'policyRules',
  'queues',
  'rules',
  'sysctls',
  'listening',
  'connections',
  'tracked',
] as const satisfies readonly (keyof NamespaceState)[]

function compareLines(
  before: readonly string[],
  after: readonly string[],
  key: (line: string) => string,
): readonly { readonly sign: '-' | '+'; readonly line: string }[] {
  return [
    ...without(before, after, key).map((line) => ({ sign: '-' as const, line })),
    ...without(after, before, key).map((line) => ({ sign: '+' as const, line })),
  ]
}

/** One rule more moves all that follow it: where they are is told, and no difference. */
function withoutPlace(line: string): string {
  return line.replace(/ \d+: /, ': ')
}

function asItIs(line: string): string {
  return line
}

/** Counts how often a line is there. */
function without(
  lines: readonly string[],
  others: readonly string[],
  key: (line: string) => string,
): readonly string[] {
  const rest = others.map(key)
  return lines.filter((line) => {
    const at = rest.indexOf(key(line))
    if (at !== -1) rest.splice(at, 1)
    return at === -1
  })
}
