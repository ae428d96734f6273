import type { NetworkNamespace } from '#netns/namespace.ts'
import { parseAttributes } from '#netns/netlink/message.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { getLink, type Interface } from '#netns/netlink/route-requests.ts'
import { IFLA_ADDRESS } from '#netns/netlink/route-numbers.ts'

/** The MAC address of an interface, in lower case with colons. */
export function macAddressOf(namespace: NetworkNamespace, link: Interface): string {
  using socket = namespace.run(() => new NetlinkSocket(namespace.label))
  const [answer] = socket.transact([getLink(link)])
  const bytes = parseAttributes(answer?.body.subarray(LINK_HEADER) ?? Buffer.alloc(0)).get(
    IFLA_ADDRESS,
  )
  if (bytes === undefined) throw new Error(`${link.name} in ${namespace.label} has no MAC address`)
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

const LINK_HEADER = 16
