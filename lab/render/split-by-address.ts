import type { NodeSpec, ProcessSpec } from '#lab/topology/topology.ts'

/** Processes of one node that are reached by the same addresses. */
export interface NodePart {
  readonly name: string
  readonly node: NodeSpec
  readonly addresses: readonly string[]
  readonly processes: readonly ProcessSpec[]
}

/**
 * Splits a node by the addresses its processes listen on. The first part keeps the name of the node and the addresses
 * that no process names, the others are called after their first process.
 */
export function splitByAddress(node: NodeSpec): readonly NodePart[] {
  const groups: { addresses: Set<string>; processes: ProcessSpec[] }[] = []
  for (const process of node.processes) {
    const addresses = new Set(addressesOf(process).filter((each) => node.addresses.includes(each)))
    const known = groups.find((group) => !group.addresses.isDisjointFrom(addresses))
    const home = addresses.size === 0 ? groups[0] : known
    if (home === undefined) groups.push({ addresses, processes: [process] })
    else {
      for (const address of addresses) home.addresses.add(address)
      home.processes.push(process)
    }
  }
  const named = new Set(groups.flatMap(({ addresses }) => [...addresses]))
  const unnamed = node.addresses.filter((address) => !named.has(address))
  if (groups.length === 0) return [{ name: node.name, node, addresses: unnamed, processes: [] }]
  return groups.map(({ addresses, processes }, index) => ({
    name: index === 0 ? node.name : `${node.name}-${processes[0]?.name}`,
    node,
    addresses: index === 0 ? [...addresses, ...unnamed] : [...addresses],
    processes,
  }))
}

function addressesOf(process: ProcessSpec): readonly string[] {
  switch (process.kind) {
    case 'ncat':
      return [process.address]
    case 'echo':
      return process.addresses
    case 'command':
      return process.listens.map(({ address }) => address)
    case 'kong':
    default:
      return []
  }
}
