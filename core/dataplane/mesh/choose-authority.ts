import type { MeshAuthority, MeshMembership } from '#core/model/mesh.ts'

/** By which authority this node and a peer that speaks these protocols recognise each other; undefined = by none. */
export function chooseAuthority(
  mesh: MeshMembership | undefined,
  protocols: readonly string[],
): MeshAuthority | undefined {
  return mesh?.authorities.find(({ protocol }) => protocols.includes(protocol))
}
