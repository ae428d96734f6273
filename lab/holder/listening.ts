import { familyOf, parseCidr, renderAddress } from '#netns/ip-address.ts'
import { NetworkNamespace } from '#netns/namespace.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { listListeners, NETLINK_SOCK_DIAG, parseConnection } from '#netns/netlink/sock-diag.ts'
import type { Endpoint } from '#lab/topology/topology.ts'
import { errorCode } from '#lab/run/fault.ts'

/**
 * Whether sockets listen on all of the endpoints, in the network namespace of a process. Asks the kernel, since a
 * trial connection would show up in the node's log and in captures, and would make ncat run its command; and asks it
 * for listeners alone: for /proc/net/tcp it walks all of its buckets for connections, too, which takes a millisecond.
 */
export function listensOn(pid: number, endpoints: readonly Endpoint[]): boolean {
  if (endpoints.length === 0) return true
  const families = new Set(endpoints.map(({ address }) => familyOf(address)))
  using namespace = openNamespaceOf(pid)
  if (namespace === undefined) return false
  using socket = namespace.run(() => new NetlinkSocket(namespace.label, NETLINK_SOCK_DIAG))
  const listening = new Set(
    [...families]
      .flatMap((family) => socket.dump(listListeners(family)))
      .map((message) => key(parseConnection(message).local)),
  )
  return endpoints.every((endpoint) => listening.has(key(endpoint)))
}

function key({ address, port }: Endpoint): string {
  return `${renderAddress(parseCidr(address).bytes)} ${port}`
}

function openNamespaceOf(pid: number): NetworkNamespace | undefined {
  try {
    return NetworkNamespace.open(`/proc/${pid}/ns/net`)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EINVAL') return undefined
    throw error
  }
}
