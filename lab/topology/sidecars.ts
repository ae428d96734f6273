import { controlPlaneProcess, sidecarProcess } from './kong-processes.ts'
import { meshConfiguration, meshPorts, serviceBProcesses } from './service-b.ts'
import type { InterceptionSpec, NamespaceSpec, NodeSpec, RouteSpec, Topology } from './topology.ts'

const serviceB = '10.2.0.5'
const echo = '10.2.0.6'

/**
 * Each node in a namespace of its own, each sidecar on the path of its service:
 * service-a – kong-a – (mesh bridge) – kong-b – service-b, with the control plane on the bridge.
 */
export const sidecars: Topology = {
  name: 'sidecars',
  summary: 'Five nodes in namespaces of their own, sidecars on the path, TPROXY in theirs.',
  namespaces: [
    namespace('service-a', { to: 'default', via: '10.1.0.3' }, { to: 'default', via: 'fd00:1::3' }),
    namespace(
      'kong-a',
      { to: '10.2.0.0/24', via: '10.0.0.4' },
      { to: 'fd00:2::/64', via: 'fd00::4' },
    ),
    namespace(
      'kong-b',
      { to: '10.1.0.0/24', via: '10.0.0.3' },
      { to: 'fd00:1::/64', via: 'fd00::3' },
    ),
    namespace('service-b', { to: 'default', via: '10.2.0.4' }, { to: 'default', via: 'fd00:2::4' }),
    namespace('control-plane'),
    namespace('switch'),
  ],
  links: [
    {
      kind: 'veth',
      name: 'a',
      ends: [
        end('service-a', 'eth0', '10.1.0.2/24', 'fd00:1::2/64'),
        end('kong-a', 'dn0', '10.1.0.3/24', 'fd00:1::3/64'),
      ],
    },
    {
      kind: 'bridge',
      name: 'mesh',
      namespace: 'switch',
      ends: [
        end('control-plane', 'eth0', '10.0.0.1/24', 'fd00::1/64'),
        end('kong-a', 'up0', '10.0.0.3/24', 'fd00::3/64'),
        end('kong-b', 'up0', '10.0.0.4/24', 'fd00::4/64'),
      ],
    },
    {
      kind: 'veth',
      name: 'b',
      ends: [
        end('kong-b', 'dn0', '10.2.0.4/24', 'fd00:2::4/64'),
        end('service-b', 'eth0', `${serviceB}/24`, `${echo}/24`, 'fd00:2::5/64', 'fd00:2::6/64'),
      ],
    },
  ],
  nodes: [
    node('service-a', 'service', '10.1.0.2', 'fd00:1::2'),
    sidecar('kong-a', '10.1.0.3', '10.0.0.3', 'fd00:1::3', 'fd00::3'),
    sidecar('kong-b', '10.0.0.4', '10.2.0.4', 'fd00::4', 'fd00:2::4'),
    {
      ...node('service-b', 'service', serviceB, echo, 'fd00:2::5', 'fd00:2::6'),
      processes: serviceBProcesses(serviceB, [echo, 'fd00:2::6']),
    },
    {
      ...node('control-plane', 'control-plane', '10.0.0.1', 'fd00::1'),
      processes: [controlPlaneProcess('0.0.0.0')],
    },
    node('switch', 'switch'),
  ],
  interception: [
    interception('kong-a', 'dn0', '10.2.0.0/24', 'fd00:2::/64'),
    // Only what is meant for Service B: Kong B's own dials leave through dn0 and never come in through up0.
    interception('kong-b', 'up0', '10.2.0.0/24', 'fd00:2::/64'),
  ],
  kong: meshConfiguration({ serviceB, echo }),
  tryNext: ['service-a curl http://10.2.0.5:18000', 'service-a curl http://10.2.0.6:18000'],
}

function namespace(name: string, ...routes: readonly RouteSpec[]): NamespaceSpec {
  return { name, routes }
}

function end(
  where: string,
  name: string,
  ...addresses: readonly string[]
): { namespace: string; interface: string; addresses: readonly string[] } {
  return { namespace: where, interface: name, addresses }
}

function node(name: string, kind: NodeSpec['kind'], ...addresses: readonly string[]): NodeSpec {
  return { name, kind, namespace: name, addresses, processes: [] }
}

function sidecar(name: string, ...addresses: readonly string[]): NodeSpec {
  return {
    ...node(name, 'proxy', ...addresses),
    processes: [sidecarProcess(name, { listen: ['127.0.0.1', '[::1]'] })],
  }
}

function interception(
  where: string,
  inputInterface: string,
  ...destinations: readonly string[]
): InterceptionSpec {
  return { kind: 'path', namespace: where, inputInterface, destinations, ports: meshPorts }
}
