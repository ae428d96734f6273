import { NetworkNamespace } from '#netns/namespace.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { LOOPBACK_INDEX } from '#netns/netlink/route-requests.ts'
import { setNetem } from '#netns/netlink/shaping-requests.ts'
import { untouched } from './shape.ts'

/** Why this kernel has no netem, in its own words; undefined = it has. Found out by using it in a namespace of its own. */
export function whyNoNetem(): string | undefined {
  try {
    using namespace = NetworkNamespace.create({ label: 'a namespace to try netem in' })
    using socket = namespace.run(() => new NetlinkSocket(namespace.label))
    const lo = { name: 'lo', index: LOOPBACK_INDEX }
    socket.transact([setNetem(lo, { ...untouched, delayMs: 1 })])
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
