import type { NetChannel } from '#core/dataplane/channel/net-channel.ts'
import { refuseClient } from '#core/dataplane/channel/refuse-peer.ts'
import { chooseAuthority } from '#core/dataplane/mesh/choose-authority.ts'
import type { Surroundings } from '#core/dataplane/mesh/surroundings.ts'
import type { MeshAuthority } from '#core/model/mesh.ts'

/**
 * By which authority a client claims to be a member of this node's mesh, whose ClientHello, still to be delivered, offers
 * these protocols; undefined = it is a client like any other. One that may be a peer waits while the node is about to
 * join its mesh: taken for a client, it would be answered by a server that did not prove anything.
 * @throws Error when that takes too long; the client is told so by a fatal alert.
 */
export async function recognisePeer(
  channel: NetChannel,
  offered: readonly string[],
  surroundings: () => Surroundings,
): Promise<MeshAuthority | undefined> {
  const { joining } = surroundings()
  if (joining?.mayBePeer(offered) === true) {
    await joining.ended
    if (surroundings().joining !== undefined) {
      refuseClient(channel, internalError)
      throw new Error('A peer of the mesh was refused: this node is not a member yet')
    }
  }
  return chooseAuthority(surroundings().mesh, offered)
}

/** Nothing about the client (RFC 8446, section 6.2). */
const internalError = 80
