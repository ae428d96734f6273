import { layOutLinks } from '#netns/link-layout.ts'
import { parseLinkStatus, type LinkStatus } from '#netns/netlink/link-status.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { getLink } from '#netns/netlink/route-requests.ts'
import type { Runtime } from '#lab/runtime/runtime.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import type { FaultStatus } from './fault-spec.ts'
import { endsOf } from './plan-link-fault.ts'

/** A link of a lab as it is at the moment. */
export interface LabLink {
  readonly name: string
  readonly kind: 'veth' | 'bridge'
  readonly ends: readonly LabLinkEnd[]
  /** Ids of the faults of this link. */
  readonly faults: readonly string[]
}

export interface LabLinkEnd extends LinkStatus {
  /** Names of the nodes in the namespace of the end. */
  readonly nodes: readonly string[]
  readonly namespace: string
  readonly interface: string
  readonly addresses: readonly string[]
}

export function readLinks(
  plan: LabPlan,
  runtime: Runtime,
  faults: readonly FaultStatus[],
): readonly LabLink[] {
  const layout = layOutLinks(plan.network)
  return plan.network.links.map(({ name, kind }) => ({
    name,
    kind,
    ends: endsOf(name, plan, layout).map((end) => {
      using socket = runtime.network
        .namespace(end.namespace)
        .run(() => new NetlinkSocket(end.namespace))
      const [answer] = socket.transact([getLink(end)])
      if (answer === undefined) throw new Error(`${end.namespace} says nothing of ${end.name}`)
      return {
        nodes: plan.nodes
          .filter(({ namespace }) => namespace === end.namespace)
          .map((node) => node.name),
        namespace: end.namespace,
        interface: end.name,
        addresses: end.addresses,
        ...parseLinkStatus(answer),
      }
    }),
    faults: faults.flatMap(({ id, spec }) => ('link' in spec && spec.link === name ? [id] : [])),
  }))
}
