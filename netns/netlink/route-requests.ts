import { addressFamilies, parseCidr, type Cidr } from '#netns/ip-address.ts'
import { MAIN_TABLE, type PolicyRulePlan, type RoutePlan } from '#netns/network-plan.ts'
import {
  attribute,
  NLM_F_CREATE,
  NLM_F_EXCL,
  parseAttributes,
  type NetlinkMessage,
  type NetlinkRequest,
} from './message.ts'
import {
  FRA_FWMARK,
  FRA_PRIORITY,
  FRA_TABLE,
  FR_ACT_TO_TBL,
  IFA_ADDRESS,
  IFA_LOCAL,
  IFF_UP,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MASTER,
  RTA_DST,
  RTA_GATEWAY,
  RTA_OIF,
  RTA_TABLE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWROUTE,
  RTM_NEWRULE,
} from './route-numbers.ts'

/** Requests of rtnetlink, linux/rtnetlink.h, linux/if_link.h and linux/fib_rules.h. */

/** Index of `lo` in every namespace. */
export const LOOPBACK_INDEX = 1

/** A link as one end of it is named. Whoever makes a namespace may choose the indexes in it. */
export interface Interface {
  readonly name: string
  readonly index: number
}

/** Makes a bridge, down. */
export function addBridge({ name, index }: Interface): NetlinkRequest {
  return {
    operation: `add bridge ${name}`,
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: Buffer.concat([
      linkHeader(index, 0, 0),
      attribute(IFLA_IFNAME, name),
      attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_KIND, 'bridge')]),
    ]),
  }
}

export interface VethRequest extends Interface {
  /** Bridge that this end becomes a port of. */
  readonly master?: Interface
  /** The other end, made in the namespace of `namespaceFd`. */
  readonly peer: Interface & { readonly namespaceFd: number }
}

/** Makes a pair of interfaces in their two namespaces, both down: the kernel refuses to make a peer that is up. */
export function addVeth({ name, index, master, peer }: VethRequest): NetlinkRequest {
  const peerLink = Buffer.concat([
    linkHeader(peer.index, 0, 0),
    attribute(IFLA_IFNAME, peer.name),
    attribute(IFLA_NET_NS_FD, peer.namespaceFd),
  ])
  return {
    operation: `add veth pair ${name} and ${peer.name}`,
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: Buffer.concat([
      linkHeader(index, 0, 0),
      attribute(IFLA_IFNAME, name),
      ...(master === undefined ? [] : [attribute(IFLA_MASTER, master.index)]),
      attribute(IFLA_LINKINFO, [
        attribute(IFLA_INFO_KIND, 'veth'),
        attribute(IFLA_INFO_DATA, [attribute(VETH_INFO_PEER, peerLink)]),
      ]),
    ]),
  }
}

export function setLinkUp({ name, index }: Interface): NetlinkRequest {
  return {
    operation: `set ${name} up`,
    type: RTM_NEWLINK,
    flags: 0,
    body: linkHeader(index, IFF_UP, IFF_UP),
  }
}

export function setLinkDown({ name, index }: Interface): NetlinkRequest {
  return {
    operation: `set ${name} down`,
    type: RTM_NEWLINK,
    flags: 0,
    body: linkHeader(index, 0, IFF_UP),
  }
}

/**
 * Asks for the state of a link. Since Linux 6.8 the kernel first does what it put off when the link's other end came
 * up; until then the link drops what it is given, for up to a second.
 */
export function getLink({ name, index }: Interface): NetlinkRequest {
  return {
    operation: `ask for the state of ${name}`,
    type: RTM_GETLINK,
    flags: 0,
    body: linkHeader(index, 0, 0),
  }
}

/** Whether the answer to `getLink` says that packets pass. */
export function isOperational({ body }: NetlinkMessage): boolean {
  const state = parseAttributes(body.subarray(16)).get(IFLA_OPERSTATE)?.[0]
  return state === IF_OPER_UP || state === IF_OPER_UNKNOWN
}

/** Adds an address; an IPv6 one is usable at once, without duplicate address detection. */
export function addAddress(address: string, link: Interface): NetlinkRequest {
  const cidr = parseCidr(address)
  const header = Buffer.alloc(8)
  header[0] = addressFamilies[cidr.family]
  header[1] = cidr.prefixLength
  header[2] = cidr.family === 6 ? IFA_F_NODAD : 0
  header.writeUInt32LE(link.index, 4)
  return {
    operation: `add address ${address} to ${link.name}`,
    type: RTM_NEWADDR,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: Buffer.concat([
      header,
      attribute(IFA_LOCAL, cidr.bytes),
      attribute(IFA_ADDRESS, cidr.bytes),
    ]),
  }
}

/** Asks which route a packet to an address of this namespace takes. */
export function getRoute(address: string): NetlinkRequest {
  const { family, bytes } = parseCidr(address)
  const header = Buffer.alloc(12)
  header[0] = addressFamilies[family]
  header[1] = bytes.length * 8
  return {
    operation: `ask for the route to ${address}`,
    type: RTM_GETROUTE,
    flags: 0,
    body: Buffer.concat([header, attribute(RTA_DST, bytes)]),
  }
}

/** Whether the answer to `getRoute` says that the packet stays here. */
export function isLocalRoute({ body }: NetlinkMessage): boolean {
  return body[7] === RTN_LOCAL
}

export function addRoute(route: RoutePlan, link: Interface | undefined): NetlinkRequest {
  const destination = route.destination === 'default' ? undefined : parseCidr(route.destination)
  const via = route.via === undefined ? undefined : parseCidr(route.via)
  const header = Buffer.alloc(12)
  header[0] = addressFamilies[route.family]
  header[1] = destination?.prefixLength ?? 0
  header[4] = shortTable(route.table)
  header[5] = RTPROT_STATIC
  header[6] = routeScope(route)
  header[7] = route.type === 'local' ? RTN_LOCAL : RTN_UNICAST
  return {
    operation: `add route ${describeRoute(route)}`,
    type: RTM_NEWROUTE,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: Buffer.concat([
      header,
      attribute(RTA_TABLE, route.table),
      ...(destination === undefined ? [] : [attribute(RTA_DST, network(destination))]),
      ...(via === undefined ? [] : [attribute(RTA_GATEWAY, via.bytes)]),
      ...(link === undefined ? [] : [attribute(RTA_OIF, link.index)]),
    ]),
  }
}

/** Looks up a table for packets that carry a mark. */
export function addPolicyRule(rule: PolicyRulePlan): NetlinkRequest {
  const header = Buffer.alloc(12)
  header[0] = addressFamilies[rule.family]
  header[4] = shortTable(rule.table)
  header[7] = FR_ACT_TO_TBL
  return {
    operation: `add IPv${rule.family} policy rule "fwmark ${rule.mark} lookup ${rule.table}"`,
    type: RTM_NEWRULE,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    body: Buffer.concat([
      header,
      attribute(FRA_FWMARK, rule.mark),
      attribute(FRA_TABLE, rule.table),
      attribute(FRA_PRIORITY, rule.priority),
    ]),
  }
}

/** The route in the words of ip-route(8). */
function describeRoute(route: RoutePlan): string {
  return [
    route.type === 'local' ? 'local ' : '',
    route.destination,
    route.via === undefined ? '' : ` via ${route.via}`,
    route.interface === undefined ? '' : ` dev ${route.interface}`,
    route.table === MAIN_TABLE ? '' : ` table ${route.table}`,
    ` (IPv${route.family})`,
  ].join('')
}

const RTM_GETLINK = 18
const RTM_GETROUTE = 26
const IFLA_OPERSTATE = 16
const IF_OPER_UNKNOWN = 0
const IF_OPER_UP = 6
const IFLA_INFO_DATA = 2
const IFLA_NET_NS_FD = 28
const VETH_INFO_PEER = 1
const IFA_F_NODAD = 0x2
const RTPROT_STATIC = 4
const RTN_UNICAST = 1
const RTN_LOCAL = 2
const RT_SCOPE_UNIVERSE = 0
const RT_SCOPE_LINK = 253
const RT_SCOPE_HOST = 254

/** `struct ifinfomsg`: those of the flags change that `change` has set. */
export function linkHeader(index: number, flags: number, change: number): Buffer {
  const header = Buffer.alloc(16)
  header.writeInt32LE(index, 4)
  header.writeUInt32LE(flags, 8)
  header.writeUInt32LE(change, 12)
  return header
}

/** Tables above 255 are told by an attribute alone. */
function shortTable(table: number): number {
  return table < 256 ? table : 0
}

function routeScope(route: RoutePlan): number {
  if (route.family === 6) return RT_SCOPE_UNIVERSE
  if (route.type === 'local') return RT_SCOPE_HOST
  return route.via === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE
}

/** The kernel refuses a destination with bits set after its prefix. */
function network({ bytes, prefixLength }: Cidr): Uint8Array {
  return bytes.map(
    (byte, index) => byte & (0xff00 >> Math.min(Math.max(prefixLength - 8 * index, 0), 8)),
  )
}
