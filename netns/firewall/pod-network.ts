import type { Family } from '#netns/ip-address.ts'
import { openNetwork, type Network } from '#netns/network.ts'
import { emptyNamespace, type LinkEndPlan } from '#netns/network-plan.ts'
import { interceptInPod, type InPodOptions, type Interception } from './transparent-proxy.ts'

/** The network of the pod suite: `pod -- outside`, where service and proxy share the pod. */

export const SERVICE_PORT = 19_000
export const LISTENER_PORT = 9_000
/** What the proxy marks its sockets with. */
export const OWN_MARK = 2

export const podAddresses = {
  4: { pod: '10.3.0.2', outside: '10.3.0.9', listener: '127.0.0.1' },
  6: { pod: 'fd00:3::2', outside: 'fd00:3::9', listener: '::1' },
} as const

/** What a sidecar in the pod needs. */
export function podInterception(exempt: InPodOptions['exempt']): Interception {
  return interceptInPod({
    name: 'pod',
    inputInterface: 'eth0',
    exempt,
    targets: ([4, 6] as const).map((family) => ({
      ports: [SERVICE_PORT],
      listener: { address: podAddresses[family].listener, port: LISTENER_PORT },
    })),
  })
}

/** Both ways of exemption need the same routing. */
export function openPod(): Network {
  const { policyRules, routes } = podInterception({ mark: OWN_MARK })
  return openNetwork({
    namespaces: [
      { ...emptyNamespace, name: 'pod', policyRules, routes },
      { ...emptyNamespace, name: 'outside' },
    ],
    links: [{ kind: 'veth', name: 'pod', ends: [end('pod'), end('outside')] }],
  })
}

function end(namespace: 'pod' | 'outside'): LinkEndPlan {
  const families: readonly Family[] = [4, 6]
  const addresses = families.map(
    (family) => `${podAddresses[family][namespace]}/${family === 4 ? 24 : 64}`,
  )
  return { namespace, interface: 'eth0', addresses }
}
