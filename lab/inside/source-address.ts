import { familyOf, type Family } from '#netns/ip-address.ts'
import type { NodeSpec } from '#lab/topology/topology.ts'

/**
 * Where a node dials from: in a network of its own wherever its routes say (undefined), in one that it shares the first of
 * its own addresses of the family, by which its packets are told from others'.
 */
export function chooseSource(
  name: string,
  family: Family,
  nodes: readonly Pick<NodeSpec, 'name' | 'namespace' | 'addresses'>[],
): string | undefined {
  const node = nodes.find((each) => each.name === name)
  const isShared = nodes.some((each) => each !== node && each.namespace === node?.namespace)
  if (!isShared) return undefined
  return node?.addresses.find((address) => familyOf(address) === family)
}
