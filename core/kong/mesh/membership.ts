import type { Authority, ClusterCa } from '#core/kong/entities/cluster-ca.ts'
import type { MeshAuthority, MeshMembership } from '#core/model/mesh.ts'

/** What a node is to each authority, by the authority's certificate. */
export type NodeIdentities = ReadonlyMap<string, MeshAuthority>

/** The authorities of a cluster, the preferred one first. */
export function authoritiesOf({ cert, key, next, previous }: ClusterCa): readonly Authority[] {
  return [{ cert, key }, ...(next === null ? [] : [next]), ...(previous === null ? [] : [previous])]
}

/** The membership of a node as far as it has certificates of the authorities in force; undefined = it has none. */
export function membershipOf(
  row: ClusterCa,
  { nodeId, identities }: { readonly nodeId: string; readonly identities: NodeIdentities },
): MeshMembership | undefined {
  const [first, ...others] = authoritiesOf(row).flatMap(({ cert }) => identities.get(cert) ?? [])
  return first === undefined ? undefined : { nodeId, authorities: [first, ...others] }
}

/** Whether the node has certificates of all authorities in force, and of no others. */
export function isComplete(row: ClusterCa, identities: NodeIdentities): boolean {
  const authorities = authoritiesOf(row)
  return (
    identities.size === authorities.length && authorities.every(({ cert }) => identities.has(cert))
  )
}
