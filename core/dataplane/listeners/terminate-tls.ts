import { messageOf } from '#core/base/errors.ts'
import type { NetChannel } from '#core/dataplane/channel/net-channel.ts'
import { startServerTls, type ServerTls } from '#core/dataplane/channel/start-tls.ts'
import type { ServerIdentities } from '#core/model/identity.ts'
import type { MeshAuthority } from '#core/model/mesh.ts'
import { meshContext } from '#core/tls/mesh-contexts.ts'
import { chooseServerContext } from '#core/tls/secure-contexts.ts'

export interface Termination {
  readonly identities: ServerIdentities
  /** From the ClientHello. */
  readonly serverName: string | undefined
  /** Protocols to agree on; empty = ALPN is not answered. */
  readonly alpn: readonly string[]
  /** Present = the client claims to be a member of this mesh: it has to prove it, and sees this node prove it, too. */
  readonly member: MeshAuthority | undefined
  /** Longest time for the handshake, in ms. */
  readonly timeoutMs: number
}

/**
 * Becomes the TLS server of a client whose ClientHello is still to be delivered, with the certificate for the name it
 * asked for. A client that asked for none, or for an unknown one, gets the fallback. On failure the connection is closed.
 * @throws Error whose message says what failed.
 */
export async function terminateTls(channel: NetChannel, terms: Termination): Promise<NetChannel> {
  let answer
  try {
    answer = terms.member === undefined ? await answerAnybody(terms) : answerMember(terms.member)
  } catch (error) {
    channel.reset()
    throw new Error(`The certificate cannot be used: ${messageOf(error)}`, { cause: error })
  }
  const signal = AbortSignal.timeout(terms.timeoutMs)
  try {
    return await startServerTls(channel, { ...answer, signal })
  } catch (error) {
    throw new Error(`TLS handshake with the client failed: ${messageOf(error)}`, { cause: error })
  }
}

type Answer = Omit<ServerTls, 'signal'>

async function answerAnybody({ identities, serverName, alpn }: Termination): Promise<Answer> {
  return { secureContext: await chooseServerContext(identities, serverName), alpn }
}

function answerMember(member: MeshAuthority): Answer {
  return { secureContext: meshContext(member), alpn: [member.protocol], verifyClient: true }
}
