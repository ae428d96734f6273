import { interceptOnPath, type Interception } from './firewall/transparent-proxy.ts'
import {
  gatewayRoute,
  type LinkEndPlan,
  type NamespacePlan,
  type NetworkPlan,
  type RoutePlan,
} from './network-plan.ts'

/**
 * Two services, each behind a proxy on its path, and a control plane, joined by a switch in a namespace of its own:
 * `sa -- ka == switch == kb -- sb`, both families.
 */
export const sidecarPlan: NetworkPlan = {
  namespaces: [
    node('sa', [gateway('10.1.0.3'), gateway('fd00:1::3')]),
    node('ka', [to('10.2.0.0/24', '10.0.0.4'), to('fd00:2::/64', 'fd00::4')], proxy('dn0', '2')),
    node('kb', [to('10.1.0.0/24', '10.0.0.3'), to('fd00:1::/64', 'fd00::3')], proxy('up0', '2')),
    node('sb', [gateway('10.2.0.4'), gateway('fd00:2::4')]),
    node('c', []),
    node('switch', []),
  ],
  links: [
    { kind: 'veth', name: 'sa-ka', ends: [end('sa', 'eth0', '1', 2), end('ka', 'dn0', '1', 3)] },
    { kind: 'veth', name: 'sb-kb', ends: [end('sb', 'eth0', '2', 5), end('kb', 'dn0', '2', 4)] },
    {
      kind: 'bridge',
      name: 'mesh',
      namespace: 'switch',
      ends: [end('ka', 'up0', '0', 3), end('kb', 'up0', '0', 4), end('c', 'eth0', '0', 1)],
    },
  ],
}

function node(
  name: string,
  routes: readonly RoutePlan[],
  interception?: Interception,
): NamespacePlan {
  return {
    name,
    sysctls: {},
    loopbackAddresses: [],
    routes: [...routes, ...(interception?.routes ?? [])],
    policyRules: interception?.policyRules ?? [],
    ruleSets: interception === undefined ? [] : [interception.ruleSet],
  }
}

function end(namespace: string, name: string, network: string, host: number): LinkEndPlan {
  const prefix = network === '0' ? 'fd00::' : `fd00:${network}::`
  const addresses = [`10.${network}.0.${host}/24`, `${prefix}${host}/64`]
  return { namespace, interface: name, addresses }
}

function proxy(inputInterface: string, network: string): Interception {
  return interceptOnPath({
    name: 'sidecar',
    inputInterface,
    destinations: [`10.${network}.0.0/24`, `fd00:${network}::/64`],
    targets: ['127.0.0.1', '::1'].map((address) => ({
      ports: [19_000, 19_443],
      listener: { address, port: 9_000 },
    })),
    keepsClientAddress: true,
  })
}

function gateway(via: string): RoutePlan {
  return gatewayRoute({ to: 'default', via, reason: 'Everything goes by way of the proxy' })
}

function to(destination: string, via: string): RoutePlan {
  const reason = 'The other service is behind the other proxy'
  return gatewayRoute({ to: destination, via, reason })
}
