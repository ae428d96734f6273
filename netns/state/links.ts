import { addressFamilies } from '#netns/ip-address.ts'
import { listing } from '#netns/netlink/listings.ts'
import { parseAttributes, parseText, type NetlinkMessage } from '#netns/netlink/message.ts'
import type { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import {
  IFF_UP,
  IFLA_ADDRESS,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  RTM_NEWLINK,
  RTM_NEWQDISC,
  TCA_KIND,
  TCA_OPTIONS,
  TC_H_ROOT,
} from '#netns/netlink/route-numbers.ts'

/** A link as one dump shows it. */
export interface SeenLink {
  readonly name: string
  readonly index: number
  readonly up: boolean
  readonly mtu: number
  readonly hardware: Buffer
}

export interface SeenLinks {
  readonly byIndex: ReadonlyMap<number, SeenLink>
  readonly links: readonly string[]
  readonly queues: readonly string[]
  /** Settings of interfaces that are not 0: `net.ipv4.conf.eth0.rp_filter = 1`. */
  readonly sysctls: readonly string[]
}

/** Reads links, what queues before them and the settings of each, in two requests. */
export function readLinks(socket: NetlinkSocket): SeenLinks {
  const messages = socket.dump(listing('links', RTM_NEWLINK))
  const parsed = messages.map((message) => ({
    message,
    attributes: parseAttributes(message.body.subarray(16)),
  }))
  const byIndex = new Map(
    parsed.map(({ message: { body }, attributes }) => {
      const index = body.readInt32LE(4)
      const link = {
        name: parseText(attributes.get(IFLA_IFNAME) ?? Buffer.alloc(0)),
        index,
        up: (body.readUInt32LE(8) & IFF_UP) !== 0,
        mtu: attributes.get(IFLA_MTU)?.readUInt32LE(0) ?? 0,
        hardware: attributes.get(IFLA_ADDRESS) ?? Buffer.alloc(0),
      }
      return [index, link]
    }),
  )
  const nameOf = (index: number | undefined): string =>
    index === undefined ? '' : (byIndex.get(index)?.name ?? `link ${index}`)
  return {
    byIndex,
    links: parsed.map(({ message, attributes }) => renderLink(message, attributes, nameOf)),
    queues: readQueues(socket, nameOf),
    sysctls: parsed.flatMap(({ message: { body }, attributes }) =>
      linkSysctls(nameOf(body.readInt32LE(4)), attributes),
    ),
  }
}

type Attributes = ReadonlyMap<number, Buffer>

/** `eth0 veth up mtu 1500`. */
function renderLink(
  { body }: NetlinkMessage,
  attributes: Attributes,
  nameOf: (index: number | undefined) => string,
): string {
  const flags = body.readUInt32LE(8)
  const info = parseAttributes(attributes.get(IFLA_LINKINFO) ?? Buffer.alloc(0))
  const kind = info.get(IFLA_INFO_KIND)
  const master = attributes.get(IFLA_MASTER)?.readUInt32LE(0)
  return [
    nameOf(body.readInt32LE(4)),
    kind === undefined ? '' : parseText(kind),
    (flags & IFF_UP) === 0 ? 'down' : 'up',
    (flags & IFF_PROMISC) === 0 ? '' : 'promiscuous',
    master === undefined ? '' : `master ${nameOf(master)}`,
    `mtu ${attributes.get(IFLA_MTU)?.readUInt32LE(0)}`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** `eth0 netem 00a8…`: the kind of each queue and its options, as the kernel encodes them. */
function readQueues(
  socket: NetlinkSocket,
  nameOf: (index: number | undefined) => string,
): readonly string[] {
  const messages = socket.dump(listing('queues', RTM_NEWQDISC))
  return messages.map(({ body }) => {
    const attributes = parseAttributes(body.subarray(20))
    const kind = parseText(attributes.get(TCA_KIND) ?? Buffer.alloc(0))
    const options = attributes.get(TCA_OPTIONS)?.toString('hex') ?? ''
    const parent = body.readUInt32LE(12)
    const place = parent === TC_H_ROOT ? 'root' : parent === TC_H_INGRESS ? 'ingress' : 'below'
    return [nameOf(body.readInt32LE(4)), place, kind, options]
      .filter((part) => part !== '')
      .join(' ')
  })
}

/** What the kernel tells of /proc/sys/net/{ipv4,ipv6}/conf with the link itself: one request instead of many files. */
function linkSysctls(name: string, attributes: Attributes): readonly string[] {
  const families = parseAttributes(attributes.get(IFLA_AF_SPEC) ?? Buffer.alloc(0))
  const four = parseAttributes(families.get(addressFamilies[4]) ?? Buffer.alloc(0)).get(
    IFLA_INET_CONF,
  )
  const six = parseAttributes(families.get(addressFamilies[6]) ?? Buffer.alloc(0)).get(
    IFLA_INET6_CONF,
  )
  return [
    ...settings(`net.ipv4.conf.${name}`, ipv4Settings, four),
    ...settings(`net.ipv6.conf.${name}`, ipv6Settings, six),
  ]
}

function settings(
  prefix: string,
  names: ReadonlyMap<number, string>,
  values: Buffer | undefined,
): readonly string[] {
  if (values === undefined) return []
  return [...names]
    .filter(([at]) => 4 * at + 4 <= values.length)
    .map(([at, name]) => `${prefix}.${name} = ${values.readInt32LE(4 * at)}`)
}

/** Places in the kernel's array, linux/ip.h (one less than there). */
const ipv4Settings: ReadonlyMap<number, string> = new Map([
  [0, 'forwarding'],
  [2, 'proxy_arp'],
  [3, 'accept_redirects'],
  [5, 'send_redirects'],
  [7, 'rp_filter'],
  [8, 'accept_source_route'],
  [12, 'arp_filter'],
  [17, 'arp_announce'],
  [18, 'arp_ignore'],
  [22, 'accept_local'],
  [23, 'src_valid_mark'],
  [25, 'route_localnet'],
])

/** Places in the kernel's array, linux/ipv6.h. */
const ipv6Settings: ReadonlyMap<number, string> = new Map([
  [0, 'forwarding'],
  [3, 'accept_ra'],
  [4, 'accept_redirects'],
  [5, 'autoconf'],
  [22, 'proxy_ndp'],
  [24, 'accept_source_route'],
  [26, 'disable_ipv6'],
  [27, 'accept_dad'],
])

const IFF_PROMISC = 0x100
const IFLA_AF_SPEC = 26
const IFLA_INET_CONF = 1
const IFLA_INET6_CONF = 2
const TC_H_INGRESS = 0xfffffff1
