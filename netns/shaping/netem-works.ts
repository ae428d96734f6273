import { NetworkNamespace } from '#netns/namespace.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { LOOPBACK_INDEX } from '#netns/netlink/route-requests.ts'
import { setNetem } from '#netns/netlink/shaping-requests.ts'

/** Why this kernel has no netem, in its own words; undefined = it has. Found out by using it in a namespace of its own. */
export function whyNoNetem(): string | undefined {
  try {
    using namespace = NetworkNamespace.create({ label: 'a namespace to try netem in' })
    using socket = namespace.run(() => new NetlinkSocket(namespace.label))
    const lo = { name: 'lo', index: LOOPBACK_INDEX }
    const settings = { delayMs: 1, jitterMs: 0, loss: 0, reorder: 0, rate: undefined, seed: 1 }
    socket.transact([setNetem(lo, settings)])
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
