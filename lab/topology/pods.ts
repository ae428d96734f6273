import { controlPlaneProcess, sidecarProcess } from './kong-processes.ts'
import { meshConfiguration, meshPorts, serviceBProcesses } from './service-b.ts'
import type { LinkEndSpec, NodeSpec, PodInterceptionSpec, Topology } from './topology.ts'

const serviceB = '10.0.0.5'
const echo = '10.0.0.6'
const echo6 = 'fd00::6'
const addresses = {
  'pod-a': ['10.0.0.2', 'fd00::2'],
  'pod-b': [serviceB, echo, 'fd00::5', echo6],
  'control-plane': ['10.0.0.1', 'fd00::1'],
} as const

type Place = keyof typeof addresses

/**
 * Each service shares a namespace, and with it an address, with its sidecar: service-a + kong-a and service-b + kong-b,
 * and the control plane, all on one bridge. The sidecars keep the address of the client.
 * @param exempt by what the rules tell a sidecar from its service. Default: `mark`, which works without root, too.
 */
export function makePods({ exempt }: Partial<Pick<PodInterceptionSpec, 'exempt'>> = {}): Topology {
  return {
    name: 'pods',
    summary:
      'Each service in one namespace with its sidecar, TPROXY for what it dials and what comes in.',
    namespaces: ['pod-a', 'pod-b', 'control-plane', 'switch'].map((name) => ({ name, routes: [] })),
    links: [
      {
        kind: 'bridge',
        name: 'mesh',
        namespace: 'switch',
        ends: [end('control-plane'), end('pod-a'), end('pod-b')],
      },
    ],
    nodes: [
      node('service-a', 'service', 'pod-a'),
      podSidecar('kong-a', { namespace: 'pod-a', addresses: addresses['pod-a'] }),
      {
        ...node('service-b', 'service', 'pod-b'),
        processes: serviceBProcesses(serviceB, [echo, echo6]),
      },
      podSidecar('kong-b', { namespace: 'pod-b', addresses: addresses['pod-b'] }),
      {
        ...node('control-plane', 'control-plane', 'control-plane'),
        processes: [controlPlaneProcess('0.0.0.0')],
      },
      { name: 'switch', kind: 'switch', namespace: 'switch', addresses: [], processes: [] },
    ],
    interception: ['pod-a', 'pod-b'].map((namespace) =>
      podInterception(namespace, { ports: meshPorts, ...(exempt && { exempt }) }),
    ),
    kong: meshConfiguration({ serviceB, echo }),
    tryNext: [`service-a curl http://${serviceB}:18000`, `service-a curl http://${echo}:18000`],
  }
}

export const pods: Topology = makePods()

/** The same topology for sidecars that cannot mark what they dial: rules know them by their user, which takes root. */
export function exemptByUser(topology: Topology): Topology {
  return {
    ...topology,
    interception: topology.interception.map((spec) =>
      spec.kind === 'pod' ? { ...spec, exempt: 'uid' } : spec,
    ),
  }
}

/** What a pod with one interface intercepts. */
export function podInterception(
  namespace: string,
  {
    ports,
    exempt = 'mark',
  }: Pick<PodInterceptionSpec, 'ports'> & Partial<Pick<PodInterceptionSpec, 'exempt'>>,
): PodInterceptionSpec {
  return { kind: 'pod', namespace, inputInterface: 'eth0', ports, exempt }
}

/** A sidecar that its service's peers know by the service's addresses, and that keeps the address of a client. */
export function podSidecar(
  name: string,
  { namespace, addresses: of }: Pick<NodeSpec, 'namespace' | 'addresses'>,
): NodeSpec {
  const bind = '$remote_addr transparent'
  const settings = { nginx_proxy_proxy_bind: bind, nginx_sproxy_proxy_bind: bind }
  const process = sidecarProcess(name, { listen: ['127.0.0.1', '[::1]'], settings })
  return { name, kind: 'proxy', namespace, addresses: of, processes: [process] }
}

function end(namespace: Place): LinkEndSpec {
  return {
    namespace,
    interface: 'eth0',
    addresses: addresses[namespace].map((each) => `${each}/${each.includes(':') ? 64 : 24}`),
  }
}

function node(name: string, kind: NodeSpec['kind'], namespace: Place): NodeSpec {
  return { name, kind, namespace, addresses: addresses[namespace], processes: [] }
}
