import { interceptOnPath } from './firewall/transparent-proxy.ts'
import {
  emptyNamespace,
  gatewayRoute,
  type NamespacePlan,
  type NetworkPlan,
  type RoutePlan,
} from './network-plan.ts'

/**
 * Many nodes on one switch, each with what a sidecar's namespace has: addresses, default routes, and routing by mark
 * with rules that intercept, in both families.
 * @param count At most 1,023, which is what a bridge has ports for.
 */
export function scalePlan(count: number): NetworkPlan {
  const nodes = Array.from({ length: count }, (_, at) => `n${at}`)
  return {
    namespaces: [...nodes.map(interceptingNode), { ...emptyNamespace, name: 'switch' }],
    links: [
      {
        kind: 'bridge',
        name: 'mesh',
        namespace: 'switch',
        ends: nodes.map((namespace, at) => ({
          namespace,
          interface: 'eth0',
          addresses: [
            `10.0.${(at >> 7) + 1}.${(at & 127) + 1}/16`,
            `fd00::${(at + 2).toString(16)}/64`,
          ],
        })),
      },
    ],
  }
}

function interceptingNode(name: string): NamespacePlan {
  const { ruleSet, policyRules, routes } = interceptOnPath({
    name: 'sidecar',
    inputInterface: 'eth0',
    targets: ['127.0.0.1', '::1'].map((address) => ({
      ports: [19_000, 19_443],
      listener: { address, port: 9_000 },
    })),
  })
  return {
    ...emptyNamespace,
    name,
    routes: [gateway('10.0.0.1'), gateway('fd00::1'), ...routes],
    policyRules,
    ruleSets: [ruleSet],
  }
}

function gateway(via: string): RoutePlan {
  return gatewayRoute({ to: 'default', via, reason: 'Everything else is beyond the switch' })
}
