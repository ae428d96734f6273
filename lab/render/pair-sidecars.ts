import type { NodeSpec, PathInterceptionSpec, Topology } from '#lab/topology/topology.ts'

/** A service, the proxy that takes its traffic, and the ports that it takes. */
export interface Pairing {
  readonly service: NodeSpec
  readonly proxy: NodeSpec
  readonly ports: PathInterceptionSpec['ports']
}

/** Finds the sidecar of each service: the proxy in its namespace, or the one on a link with it. */
export function pairSidecars(topology: Topology): {
  readonly pairings: readonly Pairing[]
  readonly faults: readonly string[]
} {
  const pairings: Pairing[] = []
  const faults: string[] = []
  const services = topology.nodes.filter(({ kind }) => kind === 'service')
  for (const proxy of topology.nodes.filter(({ kind }) => kind === 'proxy')) {
    const beside = services.filter((service) => areNeighbours(service, proxy, topology))
    const spec = topology.interception.find(({ namespace }) => namespace === proxy.namespace)
    const [service, other] = beside
    if (service === undefined) {
      faults.push(`${proxy.name}: it stands beside no service, so it is the sidecar of none`)
    } else if (other !== undefined) {
      const names = beside.map(({ name }) => name).join(' and ')
      faults.push(`${proxy.name}: it stands beside ${names}, and a sidecar has one service`)
    } else if (proxy.processes.length !== 1 || proxy.processes[0]?.kind !== 'kong') {
      faults.push(`${proxy.name}: a sidecar is one process of kind "kong"`)
    } else if (spec === undefined || spec.kind === 'commands') {
      faults.push(
        `${proxy.name}: its traffic is led to it by ${spec === undefined ? 'nothing' : 'commands'}; use interception of kind "path" or "pod"`,
      )
    } else if (pairings.some((pairing) => pairing.service === service)) {
      faults.push(`${service.name}: it has more than one sidecar`)
    } else {
      pairings.push({ service, proxy, ports: spec.ports })
    }
  }
  return { pairings, faults }
}

function areNeighbours(service: NodeSpec, proxy: NodeSpec, { links, nodes }: Topology): boolean {
  if (service.namespace === proxy.namespace) return true
  // A proxy that shares its namespace with a service is that one's, whatever else it can reach.
  if (nodes.some(({ kind, namespace }) => kind === 'service' && namespace === proxy.namespace)) {
    return false
  }
  return links.some(({ ends }) =>
    [service, proxy].every(({ namespace }) => ends.some((end) => end.namespace === namespace)),
  )
}
