import type { NetworkNamespace } from '#netns/namespace.ts'
import { SystemCallError } from '#netns/native.ts'
import type { PlacedInterface } from '#netns/link-layout.ts'
import type { NetlinkRequest } from '#netns/netlink/message.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { addAddress, addRoute, setLinkDown, setLinkUp } from '#netns/netlink/route-requests.ts'
import type { NamespacePlan } from '#netns/network-plan.ts'

/** Sets an end of a link down; the other end loses its carrier. Its routes and IPv6 addresses go with it. */
export function takeLinkDown(namespace: NetworkNamespace, link: PlacedInterface): void {
  using socket = namespace.run(() => new NetlinkSocket(namespace.label))
  socket.transact([setLinkDown(link)])
}

/**
 * Sets an end up again, with the addresses and routes that the plan of its namespace gives it. A route whose gateway is behind
 * another end that is down comes back with that one.
 */
export function bringLinkUp(
  namespace: NetworkNamespace,
  link: PlacedInterface,
  { routes }: NamespacePlan,
): void {
  using socket = namespace.run(() => new NetlinkSocket(namespace.label))
  socket.transact([setLinkUp(link)])
  for (const address of link.addresses) addMissing(socket, addAddress(address, link))
  for (const route of routes) {
    const through = route.interface === link.name ? link : undefined
    if (route.interface === undefined || through !== undefined) {
      addMissing(socket, addRoute(route, through))
    }
  }
}

function addMissing(socket: NetlinkSocket, request: NetlinkRequest): void {
  try {
    socket.transact([request])
  } catch (error) {
    if (error instanceof SystemCallError && harmless.has(error.code)) return
    throw error
  }
}

/** It is there already, or its gateway is in no network of an end that is up: what the kernel says for IPv4, and for IPv6. */
const harmless: ReadonlySet<string> = new Set(['EEXIST', 'ENETUNREACH', 'EHOSTUNREACH'])
