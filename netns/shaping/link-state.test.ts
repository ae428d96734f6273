import { expect, it } from 'vitest'
import { layOutLinks } from '#netns/link-layout.ts'
import { listAddresses, listRoutes } from '#netns/netlink/listings.ts'
import { parseLinkStatus } from '#netns/netlink/link-status.ts'
import { NetlinkSocket } from '#netns/netlink/netlink-socket.ts'
import { getLink, type Interface } from '#netns/netlink/route-requests.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { openNetwork } from '#netns/network.ts'
import { sidecarPlan } from '#netns/sidecar-plan.ts'
import { bringLinkUp, takeLinkDown } from './link-state.ts'

it('gives an end that was down its addresses and routes back, both families', () => {
  using network = openNetwork(sidecarPlan)
  const layout = layOutLinks(sidecarPlan)
  for (const planned of sidecarPlan.namespaces) {
    const namespace = network.namespace(planned.name)
    for (const link of (layout.interfaces.get(planned.name) ?? []).slice(1)) {
      if (link.addresses.length === 0) continue
      const before = configurationOf(namespace)
      takeLinkDown(namespace, link)
      expect(stateOf(namespace, link)).toBe('down')
      expect(configurationOf(namespace)).not.toEqual(before)
      bringLinkUp(namespace, link, planned)
      expect(stateOf(namespace, link)).toBe('up')
      expect(configurationOf(namespace)).toEqual(before)
    }
  }
})

it.each(['first', 'last'] as const)(
  'gives two ends of a namespace that were down all routes back, the %s that went down first',
  (order) => {
    using network = openNetwork(sidecarPlan)
    const layout = layOutLinks(sidecarPlan)
    for (const planned of sidecarPlan.namespaces) {
      const namespace = network.namespace(planned.name)
      const links = (layout.interfaces.get(planned.name) ?? [])
        .slice(1)
        .filter(({ addresses }) => addresses.length > 0)
      const before = configurationOf(namespace)
      for (const link of links) takeLinkDown(namespace, link)
      for (const link of order === 'first' ? links : links.toReversed()) {
        bringLinkUp(namespace, link, planned)
      }
      expect(configurationOf(namespace)).toEqual(before)
    }
  },
)

function stateOf(namespace: NetworkNamespace, link: Interface): string | undefined {
  using socket = namespace.run(() => new NetlinkSocket(namespace.label))
  return socket.transact([getLink(link)]).map((answer) => parseLinkStatus(answer).state)[0]
}

/** Without what the kernel adds for IPv6 in its own time. */
function configurationOf(namespace: NetworkNamespace): readonly string[] {
  using socket = namespace.run(() => new NetlinkSocket(namespace.label))
  return [...listAddresses(socket), ...listRoutes(socket)]
    .filter((each) => !/fe80|ff00|local fd|anycast|multicast|fd\S+\/128/.test(each))
    .toSorted()
}
