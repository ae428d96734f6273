import type { NetworkNamespace } from '#netns/namespace.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import type { NetlinkRequest } from '#netns/netlink/message.ts'
import type { Interface } from '#netns/netlink/route-requests.ts'
import { removeQueueingDiscipline } from '#netns/netlink/shaping-requests.ts'

/** Gives an interface a queueing discipline; disposing of it gives it back its first one. */
export function useQueueingDiscipline(
  namespace: NetworkNamespace,
  link: Interface,
  request: NetlinkRequest,
): Disposable {
  using socket = namespace.run(() => new NetlinkSocket(namespace.label))
  socket.transact([request])
  return {
    [Symbol.dispose]: () => {
      using again = namespace.run(() => new NetlinkSocket(namespace.label))
      again.transact([removeQueueingDiscipline(link)])
    },
  }
}
