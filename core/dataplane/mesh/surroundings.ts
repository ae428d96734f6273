import type { MeshMembership } from '#core/model/mesh.ts'
import type { Snapshot } from '#core/model/snapshot.ts'
import { AddressRewrites } from './address-rewrites.ts'
import { Joining } from './joining.ts'

/** What a snapshot says of every connection, whichever listener it came to. */
export interface Surroundings {
  readonly mesh: MeshMembership | undefined
  /** Present = the node is about to be a member of its mesh. */
  readonly joining: Joining | undefined
  /** Names this node to others of its mesh. */
  readonly nodeId: string
  /** undefined = nothing is dialled elsewhere. */
  readonly rewrites: AddressRewrites | undefined
}

/**
 * @param nodeId the name of a node that has no other.
 * @param begun goes on while the node is about to be a member of its mesh.
 */
export function surroundingsOf(
  { mesh, joining, rewrites = [] }: Pick<Snapshot, 'mesh' | 'joining' | 'rewrites'>,
  nodeId: string,
  begun?: Joining,
): Surroundings {
  const joins = mesh === undefined && joining !== undefined
  return {
    mesh,
    joining: joins ? (begun ?? new Joining(joining)) : undefined,
    nodeId: mesh?.nodeId ?? nodeId,
    rewrites: rewrites.length === 0 ? undefined : new AddressRewrites(rewrites),
  }
}
