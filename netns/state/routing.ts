import { addressFamilies, renderAddress } from '#netns/ip-address.ts'
import { listing, routeTypes } from '#netns/netlink/listings.ts'
import { parseAttributes, parseText, type NetlinkMessage } from '#netns/netlink/message.ts'
import type { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import {
  FRA_FWMARK,
  FRA_PRIORITY,
  FRA_TABLE,
  FR_ACT_TO_TBL,
  IFA_ADDRESS,
  IFA_LOCAL,
  RTA_DST,
  RTA_GATEWAY,
  RTA_OIF,
  RTA_TABLE,
  RTM_F_CLONED,
  RTM_NEWADDR,
  RTM_NEWROUTE,
  RTM_NEWRULE,
} from '#netns/netlink/route-numbers.ts'
import type { SeenLink } from './links.ts'

/** One thing of a listing: in words that hold anywhere, and as the kernel told it. */
export interface Listed {
  readonly text: string
  readonly message: NetlinkMessage
}

type Links = ReadonlyMap<number, SeenLink>

/** `eth0 10.0.0.1/24`, sorted. */
export function readAddresses(socket: NetlinkSocket, links: Links): readonly Listed[] {
  return list(socket, 'addresses', RTM_NEWADDR, (message) => {
    const { body } = message
    const attributes = parseAttributes(body.subarray(8))
    const link = links.get(body.readUInt32LE(4))
    const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS)
    if (address === undefined || isOfHardware(address, link)) return undefined
    const flags = attributes.get(IFA_FLAGS)?.readUInt32LE(0) ?? body[2] ?? 0
    return words(
      link?.name,
      `${renderAddress(address)}/${body[1]}`,
      (flags & IFA_F_TENTATIVE) === 0 ? undefined : 'tentative',
      (flags & IFA_F_DEPRECATED) === 0 ? undefined : 'deprecated',
    )
  })
}

/** `IPv4 unicast default via 10.0.0.1 dev eth0 table 254`, sorted; cached ones left out. */
export function readRoutes(socket: NetlinkSocket, links: Links): readonly Listed[] {
  return list(socket, 'routes', RTM_NEWROUTE, (message) => {
    const { body } = message
    if ((body.readUInt32LE(8) & RTM_F_CLONED) !== 0) return undefined
    const attributes = parseAttributes(body.subarray(12))
    const destination = attributes.get(RTA_DST)
    const index = attributes.get(RTA_OIF)?.readUInt32LE(0)
    const link = index === undefined ? undefined : links.get(index)
    const type = body[7] ?? 0
    if (destination !== undefined && isLinkLocal(destination)) {
      // The address itself, and the one that stands for all routers of its network where packets are forwarded.
      if (type === RTN_ANYCAST || isOfHardware(destination, link)) return undefined
    }
    return words(
      familyName(body),
      routeTypes[type] ?? `type ${type}`,
      destination === undefined ? 'default' : `${renderAddress(destination)}/${body[1]}`,
      labelled('from', addressText(attributes.get(RTA_SRC))),
      labelled('via', addressText(attributes.get(RTA_GATEWAY))),
      labelled('dev', index === undefined ? undefined : (link?.name ?? String(index))),
      labelled('src', addressText(attributes.get(RTA_PREFSRC))),
      labelled('metric', number(attributes.get(RTA_PRIORITY))),
      labelled('metrics', attributes.get(RTA_METRICS)?.toString('hex')),
      labelled('nexthops', nexthops(attributes.get(RTA_MULTIPATH), links)),
      labelled('table', number(attributes.get(RTA_TABLE)) ?? String(body[4])),
    )
  })
}

/** `IPv4 100: fwmark 0x1 lookup 100`, sorted; attributes without a word of their own by number. */
export function readPolicyRules(socket: NetlinkSocket): readonly Listed[] {
  return list(socket, 'policy rules', RTM_NEWRULE, (message) => {
    const { body } = message
    const attributes = parseAttributes(body.subarray(12))
    const others = [...attributes].filter(
      ([type, value]) => !ruleWords.has(type) && !isUnset(type, value),
    )
    return words(
      familyName(body),
      `${number(attributes.get(FRA_PRIORITY)) ?? 0}:`,
      labelled('from', prefix(attributes.get(FRA_SRC), body[2])),
      labelled('to', prefix(attributes.get(FRA_DST), body[1])),
      labelled('iif', text(attributes.get(FRA_IIFNAME))),
      labelled('oif', text(attributes.get(FRA_OIFNAME))),
      labelled('tos', body[3] === 0 ? undefined : String(body[3])),
      labelled('fwmark', hexadecimal(attributes.get(FRA_FWMARK))),
      labelled('mask', mask(attributes.get(FRA_FWMASK))),
      (body.readUInt32LE(8) & FIB_RULE_INVERT) === 0 ? undefined : 'inverted',
      ...others.map(([type, value]) => `attribute ${type} ${value.toString('hex')}`),
      body[7] === FR_ACT_TO_TBL ? undefined : `action ${body[7]}`,
      labelled('lookup', number(attributes.get(FRA_TABLE))),
    )
  })
}

function list(
  socket: NetlinkSocket,
  what: string,
  listed: number,
  render: (message: NetlinkMessage) => string | undefined,
): readonly Listed[] {
  return socket
    .dump(listing(what, listed))
    .flatMap((message) => {
      // Multicast routing is listed with the rest, as families of its own.
      if (!families.has(message.body[0] ?? 0)) return []
      const rendered = render(message)
      return rendered === undefined ? [] : [{ text: rendered, message }]
    })
    .toSorted((one, other) => (one.text < other.text ? -1 : one.text > other.text ? 1 : 0))
}

/** Whether an IPv6 address was made from the hardware address of its link, which differs each time. */
function isOfHardware(address: Buffer, link: SeenLink | undefined): boolean {
  const hardware = link?.hardware
  if (!isLinkLocal(address) || hardware?.length !== 6) return false
  const made = [...hardware.subarray(0, 3), 0xff, 0xfe, ...hardware.subarray(3)]
  made[0] = (made[0] ?? 0) ^ 0x02
  return address.subarray(8).equals(Buffer.from(made))
}

function isLinkLocal(address: Buffer): boolean {
  return address.length === 16 && address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80
}

/** `struct rtnexthop`: length, flags, weight and index, then attributes. */
function nexthops(value: Buffer | undefined, links: Links): string | undefined {
  if (value === undefined) return undefined
  const found: string[] = []
  for (let offset = 0; offset + 8 <= value.length;) {
    const length = value.readUInt16LE(offset)
    if (length < 8) break
    const attributes = parseAttributes(value.subarray(offset + 8, offset + length))
    const name = links.get(value.readInt32LE(offset + 4))?.name
    found.push(`${addressText(attributes.get(RTA_GATEWAY)) ?? ''}@${name}*${value[offset + 3]}`)
    offset += (length + 3) & ~3
  }
  return found.toSorted().join(',')
}

function familyName(body: Buffer): string {
  return body[0] === addressFamilies[4] ? 'IPv4' : 'IPv6'
}

const families: ReadonlySet<number> = new Set(Object.values(addressFamilies))

function words(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(' ')
}

function labelled(label: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `${label} ${value}`
}

function addressText(value: Buffer | undefined): string | undefined {
  return value === undefined ? undefined : renderAddress(value)
}

function prefix(value: Buffer | undefined, length: number | undefined): string | undefined {
  return value === undefined ? undefined : `${renderAddress(value)}/${length}`
}

function number(value: Buffer | undefined): string | undefined {
  return value?.readUInt32LE(0).toString()
}

function hexadecimal(value: Buffer | undefined): string | undefined {
  return value === undefined ? undefined : `0x${value.readUInt32LE(0).toString(16)}`
}

/** All bits is what it is without a word. */
function mask(value: Buffer | undefined): string | undefined {
  return value?.readUInt32LE(0) === 0xffffffff ? undefined : hexadecimal(value)
}

function text(value: Buffer | undefined): string | undefined {
  return value === undefined ? undefined : parseText(value)
}

/** The kernel tells that nothing is suppressed by all bits. */
function isUnset(type: number, value: Buffer): boolean {
  return type === FRA_SUPPRESS_PREFIXLEN && value.readUInt32LE(0) === 0xffffffff
}

const IFA_FLAGS = 8
const IFA_F_DEPRECATED = 0x20
const IFA_F_TENTATIVE = 0x40
const RTA_SRC = 2
const RTA_PRIORITY = 6
const RTA_PREFSRC = 7
const RTA_METRICS = 8
const RTA_MULTIPATH = 9
const RTN_ANYCAST = 4
const FRA_DST = 1
const FRA_SRC = 2
const FRA_IIFNAME = 3
const FRA_SUPPRESS_PREFIXLEN = 14
const FRA_FWMASK = 16
const FRA_OIFNAME = 17
const FRA_PROTOCOL = 21
const FIB_RULE_INVERT = 0x2

/** Who made a rule says nothing of what it does. */
const ruleWords: ReadonlySet<number> = new Set([
  FRA_DST,
  FRA_SRC,
  FRA_IIFNAME,
  FRA_OIFNAME,
  FRA_PRIORITY,
  FRA_FWMARK,
  FRA_FWMASK,
  FRA_TABLE,
  FRA_PROTOCOL,
])
