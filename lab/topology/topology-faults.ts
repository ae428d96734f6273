import { isAddress } from '#netns/ip-address.ts'
import { kongFaults } from './kong-faults.ts'
import { networkFaults } from './network-faults.ts'
import { processFaults } from './process-faults.ts'
import { repeatedNames } from './repeated-names.ts'
import type { InterceptionSpec, Topology } from './topology.ts'

/** What makes a well-formed topology impossible to run: each fault names its place. Empty when there is none. */
export function topologyFaults(topology: Topology): readonly string[] {
  const namespaces = new Set(topology.namespaces.map(({ name }) => name))
  const known = (place: string, name: string): string[] =>
    namespaces.has(name) ? [] : [`${place}: there is no namespace "${name}"`]
  return [
    ...repeatedNames('namespaces', topology.namespaces),
    ...repeatedNames('links', topology.links),
    ...repeatedNames('nodes', topology.nodes),
    ...topology.links.flatMap((link, at) => [
      ...(link.kind === 'bridge' ? known(`links[${at}].namespace`, link.namespace) : []),
      ...link.ends.flatMap((end, index) =>
        known(`links[${at}].ends[${index}].namespace`, end.namespace),
      ),
    ]),
    ...networkFaults(topology),
    ...topology.nodes.flatMap((node, at) => [
      ...known(`nodes[${at}].namespace`, node.namespace),
      ...repeatedNames(`nodes[${at}].processes`, node.processes),
      ...addressFaults(`nodes[${at}].addresses`, node.addresses),
    ]),
    ...topology.interception.flatMap((spec, at) => [
      ...known(`interception[${at}].namespace`, spec.namespace),
      ...(spec.kind === 'commands'
        ? []
        : [
            ...interfaceFaults(topology, at, spec),
            ...portFaults(spec, at),
            ...secondFaults(topology, at, spec),
          ]),
      ...(spec.kind === 'pod' ? podFaults(topology, at, spec) : []),
    ]),
    ...processFaults(topology),
    ...kongFaults(topology),
  ]
}

function addressFaults(place: string, addresses: readonly string[]): readonly string[] {
  return addresses.flatMap((address, at) =>
    isAddress(address) ? [] : [`${place}[${at}]: "${address}" is no IP address`],
  )
}

function interfaceFaults(
  { links }: Topology,
  at: number,
  spec: { readonly namespace: string; readonly inputInterface: string },
): readonly string[] {
  const ends = links.flatMap((link) => link.ends)
  const found = ends.some(
    (end) => end.namespace === spec.namespace && end.interface === spec.inputInterface,
  )
  return found
    ? []
    : [
        `interception[${at}].inputInterface: "${spec.inputInterface}" is no interface of ${spec.namespace}`,
      ]
}

/** A connection can go to one listener only. */
function portFaults(
  { ports }: Exclude<InterceptionSpec, { readonly kind: 'commands' }>,
  at: number,
): readonly string[] {
  return ports.flatMap(({ port }, index) => {
    const first = ports.findIndex((each) => each.port === port)
    return first < index
      ? [
          `interception[${at}].ports[${index}]: interception[${at}].ports[${first}] says where port ${port} goes, too`,
        ]
      : []
  })
}

/** What leads packets to a proxy is there once in a namespace. */
function secondFaults(
  { interception }: Topology,
  at: number,
  { namespace }: { readonly namespace: string },
): readonly string[] {
  const first = interception.findIndex(
    (spec) => spec.kind !== 'commands' && spec.namespace === namespace,
  )
  return first < at ? [`interception[${at}]: interception[${first}] is for ${namespace}, too`] : []
}

/** The rules of a pod exempt the proxies in it and nobody else. */
function podFaults(
  { nodes }: Topology,
  at: number,
  { namespace }: { readonly namespace: string },
): readonly string[] {
  return nodes.some((node) => node.kind === 'proxy' && node.namespace === namespace)
    ? []
    : [`interception[${at}].namespace: no node of kind "proxy" is in ${namespace}`]
}
