import type { NetworkNamespace } from '#netns/namespace.ts'
import { SystemCallError } from '#netns/native.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import {
  destroyConnection,
  listConnections,
  NETLINK_SOCK_DIAG,
  parseConnection,
  type ListedSocket,
} from '#netns/netlink/sock-diag.ts'

/** The TCP connections that have an end in a namespace. */
export function connectionsIn(namespace: NetworkNamespace): readonly ListedSocket[] {
  using socket = namespace.run(() => new NetlinkSocket(namespace.label, NETLINK_SOCK_DIAG))
  return ([4, 6] as const).flatMap((family) =>
    socket.dump(listConnections(family)).map(parseConnection),
  )
}

/**
 * Resets connections in the kernel, without a word to whoever has them.
 * @returns Those that were there to be reset.
 * @throws SystemCallError EOPNOTSUPP where the kernel was built without it.
 */
export function resetConnections(
  namespace: NetworkNamespace,
  connections: readonly ListedSocket[],
): readonly ListedSocket[] {
  using socket = namespace.run(() => new NetlinkSocket(namespace.label, NETLINK_SOCK_DIAG))
  return connections.filter((connection) => {
    try {
      socket.transact([destroyConnection(connection)])
      return true
    } catch (error) {
      // It ended by itself.
      if (error instanceof SystemCallError && error.code === 'ENOENT') return false
      throw error
    }
  })
}
