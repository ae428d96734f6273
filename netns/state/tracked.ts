import { renderAddress } from '#netns/ip-address.ts'
import { SystemCallError } from '#netns/native.ts'
import { parseAttributes } from '#netns/netlink/message.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { NETLINK_NETFILTER } from '#netns/netlink/queue-requests.ts'

/** Requests of linux/netfilter/nfnetlink_conntrack.h. */

/** What connection tracking of the thread's namespace remembers, `tcp 10.0.0.1 port 4 to 10.0.0.2 port 80`; sorted. */
export function readTracked(label: string): readonly string[] {
  return withConntrack(label, [], (socket) =>
    remembersAny(socket)
      ? socket
          .dump({ operation: 'list tracked connections', type: CT_GET, flags: 0, body: header })
          .map(({ body }) => renderTuple(parseAttributes(body.subarray(4)).get(CTA_TUPLE_ORIG)))
          .toSorted()
      : [],
  )
}

/** Makes connection tracking of the thread's namespace forget everything. */
export function forgetTracked(label: string): void {
  withConntrack(label, undefined, (socket) => {
    if (!remembersAny(socket)) return undefined
    socket.transact([
      { operation: 'forget tracked connections', type: CT_DELETE, flags: 0, body: header },
    ])
    return undefined
  })
}

/** To list or to forget, the kernel looks through a table that all namespaces share; a number it has at hand. */
function remembersAny(socket: NetlinkSocket): boolean {
  const [answer] = socket.transact([
    { operation: 'count tracked connections', type: CT_GET_STATS, flags: 0, body: header },
  ])
  if (answer === undefined) return true
  const entries = parseAttributes(answer.body.subarray(4)).get(CTA_STATS_GLOBAL_ENTRIES)
  return entries?.readUInt32BE(0) !== 0
}

/** A kernel without this interface has not loaded connection tracking for anybody. */
function withConntrack<result>(
  label: string,
  otherwise: result,
  action: (socket: NetlinkSocket) => result,
): result {
  try {
    using socket = new NetlinkSocket(label, NETLINK_NETFILTER)
    return action(socket)
  } catch (error) {
    const code = error instanceof SystemCallError ? error.code : ''
    if (['EPROTONOSUPPORT', 'EINVAL', 'EOPNOTSUPP'].includes(code)) return otherwise
    throw error
  }
}

function renderTuple(tuple: Buffer | undefined): string {
  const parts = parseAttributes(tuple ?? Buffer.alloc(0))
  const ip = parseAttributes(parts.get(CTA_TUPLE_IP) ?? Buffer.alloc(0))
  const transport = parseAttributes(parts.get(CTA_TUPLE_PROTO) ?? Buffer.alloc(0))
  const address = (four: number, six: number): string =>
    renderAddress(ip.get(four) ?? ip.get(six) ?? Buffer.alloc(4))
  const port = (type: number): string => {
    const value = transport.get(type)
    return value === undefined ? '' : ` port ${value.readUInt16BE(0)}`
  }
  const protocol = transport.get(CTA_PROTO_NUM)?.[0] ?? 0
  return [
    protocolNames.get(protocol) ?? `protocol ${protocol}`,
    ` ${address(CTA_IP_V4_SRC, CTA_IP_V6_SRC)}${port(CTA_PROTO_SRC_PORT)}`,
    ` to ${address(CTA_IP_V4_DST, CTA_IP_V6_DST)}${port(CTA_PROTO_DST_PORT)}`,
  ].join('')
}

const protocolNames: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
])

const NFNL_SUBSYS_CTNETLINK = 1 << 8
const CT_GET = NFNL_SUBSYS_CTNETLINK | 1
const CT_DELETE = NFNL_SUBSYS_CTNETLINK | 2
const CT_GET_STATS = NFNL_SUBSYS_CTNETLINK | 5
const CTA_STATS_GLOBAL_ENTRIES = 1
const CTA_TUPLE_ORIG = 1
const CTA_TUPLE_IP = 1
const CTA_TUPLE_PROTO = 2
const CTA_IP_V4_SRC = 1
const CTA_IP_V4_DST = 2
const CTA_IP_V6_SRC = 3
const CTA_IP_V6_DST = 4
const CTA_PROTO_NUM = 1
const CTA_PROTO_SRC_PORT = 2
const CTA_PROTO_DST_PORT = 3

/** `struct nfgenmsg` of any family. */
const header = new Uint8Array(4)
