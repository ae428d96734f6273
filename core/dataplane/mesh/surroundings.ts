import type { MeshMembership } from '#core/model/mesh.ts'
import type { Snapshot } from '#core/model/snapshot.ts'
import { AddressRewrites } from './address-rewrites.ts'

/** What a snapshot says of every connection, whichever listener it came to. */
export interface Surroundings {
  readonly mesh: MeshMembership | undefined
  /** Names this node to others of its mesh. */
  readonly nodeId: string
  /** undefined = nothing is dialled elsewhere. */
  readonly rewrites: AddressRewrites | undefined
}

/** @param nodeId the name of a node that has no other. */
export function surroundingsOf(
  { mesh, rewrites = [] }: Pick<Snapshot, 'mesh' | 'rewrites'>,
  nodeId: string,
): Surroundings {
  return {
    mesh,
    nodeId: mesh?.nodeId ?? nodeId,
    rewrites: rewrites.length === 0 ? undefined : new AddressRewrites(rewrites),
  }
}
