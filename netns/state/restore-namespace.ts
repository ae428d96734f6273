import type { NetworkNamespace } from '#netns/namespace.ts'
import { runNft, hasLibnftables, SystemCallError } from '#netns/native.ts'
import {
  attribute,
  NLM_F_CREATE,
  parseAttributes,
  type NetlinkRequest,
} from '#netns/netlink/message.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { linkHeader } from '#netns/netlink/route-requests.ts'
import { removeQueueingDiscipline } from '#netns/netlink/shaping-requests.ts'
import { writeSysctls } from '#netns/sysctl.ts'
import {
  IFF_UP,
  IFLA_MTU,
  RTM_DELLINK,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWROUTE,
  RTM_NEWRULE,
} from '#netns/netlink/route-numbers.ts'
import { readLinks, type SeenLink } from './links.ts'
import { readNetwork, type NamespaceState } from './namespace-state.ts'
import { readAddresses, readPolicyRules, readRoutes, type Listed } from './routing.ts'
import { readSysctls } from './sysctls.ts'

/** What is needed to bring a namespace back to a state in which it was. */
export interface NamespaceMemory {
  readonly state: NamespaceState
  /** Keys that count besides those that always do. */
  readonly sysctls: readonly string[]
  readonly links: readonly SeenLink[]
  readonly addresses: readonly Listed[]
  readonly routes: readonly Listed[]
  readonly policyRules: readonly Listed[]
}

interface MemoryOptions {
  /** Keys that count besides those that always do. */
  readonly sysctls: readonly string[]
}

/** Remembers a namespace as it is now, but for sockets: there are none in what it returns. */
export function rememberNamespace(
  namespace: NetworkNamespace,
  options: MemoryOptions,
): NamespaceMemory {
  const none = { listening: [], connections: [], tracked: [] }
  const state = { ...readNetwork(namespace, options), ...none }
  using socket = namespace.run(() => new NetlinkSocket(namespace.label))
  const { byIndex } = readLinks(socket)
  return {
    state,
    sysctls: options.sysctls,
    links: [...byIndex.values()],
    addresses: readAddresses(socket, byIndex),
    routes: readRoutes(socket, byIndex),
    policyRules: readPolicyRules(socket),
  }
}

/**
 * Brings links, queues, settings, addresses, routes, policy rules and nft tables back to what is remembered, by what the
 * kernel itself told of them; nothing is done where nothing differs. Interfaces that are gone stay gone, and so do the
 * rules of tables that are gone or changed: whoever made them makes them anew.
 * @throws SystemCallError for the first thing that cannot be brought back.
 */
export function restoreNamespace(namespace: NetworkNamespace, memory: NamespaceMemory): void {
  using socket = namespace.run(() => new NetlinkSocket(namespace.label))
  restoreLinks(socket, memory)
  namespace.run(restoreTables(memory))
  restoreSysctls(namespace, { socket, memory })
  const { byIndex } = readLinks(socket)
  restoreListed(socket, 'address', RTM_NEWADDR, memory.addresses, readAddresses(socket, byIndex))
  // What the kernel makes of addresses comes and goes with them.
  restoreListed(socket, 'route', RTM_NEWROUTE, memory.routes, readRoutes(socket, byIndex))
  restoreListed(socket, 'policy rule', RTM_NEWRULE, memory.policyRules, readPolicyRules(socket))
}

function restoreLinks(socket: NetlinkSocket, { links, state }: NamespaceMemory): void {
  const now = readLinks(socket)
  const known = new Map(links.map((link) => [link.index, link]))
  for (const link of now.byIndex.values()) {
    const before = known.get(link.index)
    if (before === undefined) {
      try {
        socket.transact([linkRequest(`remove ${link.name}`, RTM_DELLINK, link.index)])
      } catch (error) {
        // The other end of a pair, which went with the first.
        if (!(error instanceof SystemCallError) || error.code !== 'ENODEV') throw error
      }
    } else if (before.up !== link.up || before.mtu !== link.mtu) {
      const change = linkRequest(`restore ${link.name}`, RTM_NEWLINK, link.index, before)
      socket.transact([change])
    }
  }
  if (now.queues.toSorted().join('\n') === state.queues.join('\n')) return
  const changed = links.filter(({ name }) => {
    const of = (lines: readonly string[]): string =>
      lines.filter((line) => line.startsWith(`${name} `)).join('\n')
    return of(now.queues) !== of(state.queues)
  })
  for (const { name, index } of changed) {
    // Without one of its own an interface has the queue that it was made with.
    socket.transact([removeQueueingDiscipline({ name, index })])
  }
}

/** Tables that were made since are removed. */
function restoreTables({ state }: NamespaceMemory): () => void {
  return () => {
    if (!hasLibnftables()) return
    const known = new Set(state.rules)
    for (const [, table = ''] of runNft('list tables').output.matchAll(/^table (.+)$/gm)) {
      if (!known.has(table)) runNft(`delete table ${table}`)
    }
  }
}

/** Settings for all interfaces change those of each, so they come first. */
function restoreSysctls(
  namespace: NetworkNamespace,
  { socket, memory }: { readonly socket: NetlinkSocket; readonly memory: NamespaceMemory },
): void {
  for (const general of [true, false]) {
    const ofNamespace = namespace.run(() => readSysctls(memory.sysctls))
    const now = new Set([...readLinks(socket).sysctls, ...ofNamespace])
    const changed = memory.state.sysctls
      .filter((line) => !now.has(line))
      .map((line) => line.split(' = '))
      .filter(([key = '']) => general === /\.(?:all|default)\.|ip_forward$/.test(key))
    writeSysctls(
      namespace,
      Object.fromEntries(changed.map(([key = '', value = '']) => [key, value])),
    )
  }
}

function restoreListed(
  socket: NetlinkSocket,
  what: string,
  type: number,
  wanted: readonly Listed[],
  present: readonly Listed[],
): void {
  const [kept, there] = [texts(wanted), texts(present)]
  const request = (verb: string, of: number, flags: number, { text, message }: Listed) => ({
    operation: `${verb} ${what} ${text}`,
    type: of,
    flags,
    body: requestBody(of, message.body),
  })
  for (const listed of present) {
    if (!kept.has(listed.text)) send(socket, request('remove', type + 1, 0, listed), gone)
  }
  // A gateway must be reachable before a route leads through it.
  const missing = wanted
    .filter(({ text }) => !there.has(text) && !comesWithAddress(text))
    .toSorted(
      (one, other) => Number(one.text.includes(' via ')) - Number(other.text.includes(' via ')),
    )
  for (const listed of missing) {
    send(socket, request('restore', type, NLM_F_CREATE, listed), ['EEXIST'])
  }
}

/** The kernel makes it for the address in its own time; made by us it would be another. */
function comesWithAddress(text: string): boolean {
  return text.startsWith('IPv6 ') && text.endsWith(' table 255')
}

function texts(listed: readonly Listed[]): ReadonlySet<string> {
  return new Set(listed.map(({ text }) => text))
}

/** Some go with others that were removed before them. */
const gone = ['ESRCH', 'EADDRNOTAVAIL', 'ENOENT']

function send(socket: NetlinkSocket, request: NetlinkRequest, fine: readonly string[]): void {
  try {
    socket.transact([request])
  } catch (error) {
    if (!(error instanceof SystemCallError) || !fine.includes(error.code)) throw error
  }
}

/** What a listing tells, as a request: without what the kernel counts, and flags of its own. */
function requestBody(type: number, body: Buffer): Buffer {
  const isRoute = type === RTM_NEWROUTE || type === RTM_NEWROUTE + 1
  const length = isRoute || type >= RTM_NEWRULE ? 12 : 8
  const header = Buffer.from(body.subarray(0, length))
  if (isRoute) header.writeUInt32LE(0, 8)
  const counted = isRoute ? RTA_CACHEINFO : type < RTM_NEWROUTE ? IFA_CACHEINFO : undefined
  const attributes = [...parseAttributes(body.subarray(length))]
    .filter(([number]) => number !== counted)
    .map(([number, value]) => attribute(number, value))
  return Buffer.concat([header, ...attributes])
}

function linkRequest(
  operation: string,
  type: number,
  index: number,
  as?: SeenLink,
): NetlinkRequest {
  if (as === undefined) return { operation, type, flags: 0, body: linkHeader(index, 0, 0) }
  const header = linkHeader(index, as.up ? IFF_UP : 0, IFF_UP)
  return { operation, type, flags: 0, body: Buffer.concat([header, attribute(IFLA_MTU, as.mtu)]) }
}

const IFA_CACHEINFO = 6
const RTA_CACHEINFO = 12
