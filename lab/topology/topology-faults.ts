import { isIP } from 'node:net'
import { parseListenEndpoints } from './listen-endpoints.ts'
import type { Endpoint, ProcessSpec, Topology } from './topology.ts'
import { messageOf } from '#lab/run/fault.ts'

/** What makes a well-formed topology impossible to run: each fault names its place. Empty when there is none. */
export function topologyFaults(topology: Topology): readonly string[] {
  const namespaces = new Set(topology.namespaces.map(({ name }) => name))
  const known = (place: string, name: string): string[] =>
    namespaces.has(name) ? [] : [`${place}: there is no namespace "${name}"`]
  return [
    ...repeated('namespaces', topology.namespaces),
    ...repeated('links', topology.links),
    ...repeated('nodes', topology.nodes),
    ...topology.links.flatMap((link, at) => [
      ...(link.kind === 'bridge' ? known(`links[${at}].namespace`, link.namespace) : []),
      ...link.ends.flatMap((end, index) =>
        known(`links[${at}].ends[${index}].namespace`, end.namespace),
      ),
    ]),
    ...topology.nodes.flatMap((node, at) => [
      ...known(`nodes[${at}].namespace`, node.namespace),
      ...repeated(`nodes[${at}].processes`, node.processes),
      ...addressFaults(`nodes[${at}].addresses`, node.addresses),
    ]),
    ...topology.interception.flatMap((spec, at) => [
      ...known(`interception[${at}].namespace`, spec.namespace),
      ...(spec.kind === 'commands' ? [] : interfaceFaults(topology, at, spec)),
      ...(spec.kind === 'pod' ? podFaults(topology, at, spec) : []),
    ]),
    ...processFaults(topology),
    ...kongFaults(topology),
  ]
}

function repeated(place: string, items: readonly { readonly name: string }[]): readonly string[] {
  return items.flatMap(({ name }, at) => {
    const first = items.findIndex((item) => item.name === name)
    return first < at
      ? [`${place}[${at}].name: "${name}" is the name of ${place}[${first}], too`]
      : []
  })
}

function addressFaults(place: string, addresses: readonly string[]): readonly string[] {
  return addresses.flatMap((address, at) =>
    isIP(address) === 0 ? [`${place}[${at}]: "${address}" is no IP address`] : [],
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

/** The rules of a namespace have one listener for each port, and exempt the proxies in it and nobody else. */
function podFaults(
  { interception, nodes }: Topology,
  at: number,
  { namespace }: { readonly namespace: string },
): readonly string[] {
  const first = interception.findIndex(
    (spec) => spec.kind !== 'commands' && spec.namespace === namespace,
  )
  return [
    ...(first < at ? [`interception[${at}]: interception[${first}] is for ${namespace}, too`] : []),
    ...(nodes.some((node) => node.kind === 'proxy' && node.namespace === namespace)
      ? []
      : [`interception[${at}].namespace: no node of kind "proxy" is in ${namespace}`]),
  ]
}

/** Two processes cannot share a Kong prefix, nor an endpoint within one namespace. */
function processFaults({ nodes }: Topology): readonly string[] {
  const takenBy = new Map<string, string>()
  return nodes.flatMap((node, at) =>
    node.processes.flatMap((process, index) => {
      const place = `nodes[${at}].processes[${index}]`
      let endpoints: readonly Endpoint[] = []
      const faults: string[] = []
      try {
        endpoints = endpointsOf(process)
      } catch (error) {
        faults.push(`${place}.settings: ${messageOf(error)}`)
      }
      const claims = [
        ...endpoints.map(({ address, port }) => `${node.namespace}: ${address} port ${port}`),
        ...(process.kind === 'kong' ? [`the prefix ${process.prefix}`] : []),
      ]
      for (const claim of claims) {
        const other = takenBy.get(claim)
        if (other !== undefined) faults.push(`${place}: ${other} has ${claim} already`)
        takenBy.set(claim, place)
      }
      return faults
    }),
  )
}

function endpointsOf(process: ProcessSpec): readonly Endpoint[] {
  switch (process.kind) {
    case 'kong':
      return ['stream_listen', 'proxy_listen', 'admin_listen'].flatMap((name) =>
        parseListenEndpoints(process.settings[name] ?? 'off'),
      )
    case 'ncat':
      return [process]
    case 'echo':
      return process.addresses.flatMap((address) =>
        Object.values(process.ports).map((port: number) => ({ address, port })),
      )
    case 'command':
    default:
      return process.listens
  }
}

function kongFaults({ kong, nodes }: Topology): readonly string[] {
  if (kong === undefined) return []
  const admin = nodes.find(({ name }) => name === kong.admin.node)
  return [
    ...repeated('kong.services', kong.services),
    ...repeated('kong.routes', kong.routes ?? []),
    ...(admin === undefined ? [`kong.admin.node: there is no node "${kong.admin.node}"`] : []),
    ...(admin !== undefined && !admin.processes.some(({ kind }) => kind === 'kong')
      ? [`kong.admin.node: ${admin.name} runs no Kong`]
      : []),
  ]
}
