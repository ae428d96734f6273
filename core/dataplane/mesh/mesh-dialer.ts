import type { Channel } from '#core/dataplane/channel/channel.ts'
import { WithheldCertificate } from '#core/dataplane/channel/start-tls.ts'
import { dial, type DialHooks, type DialRequest } from '#core/dataplane/upstreams/dial.ts'
import { DialError } from '#core/dataplane/upstreams/dial-error.ts'
import { formatAddress } from '#core/model/address.ts'
import type { MeshAuthority, MeshMembership } from '#core/model/mesh.ts'
import { chooseAuthority } from './choose-authority.ts'
import { membershipKey } from './membership-key.ts'

/** As whom this node introduces itself: as a member of its mesh, or as anybody. */
type Role = MeshAuthority | 'anybody'

/** Peers whose expectations are remembered. */
const mostPeers = 4096

/**
 * Opens upstream connections of a node that may belong to a mesh: each TLS connection offers the mesh's protocols, and
 * one on which a peer agrees to one of them is only used once the peer has proved to be a member.
 *
 * A certificate is chosen before the peer has said what it is. So a wrong guess, which is found out before any
 * certificate is sent, costs a second connection, and is not made again for the same address.
 */
export class MeshDialer {
  /** Where the first guess was wrong, what would have been right. */
  readonly #roles = new Map<string, Role>()
  #membership = ''

  /** @throws DialError */
  async dial(
    request: DialRequest,
    mesh: MeshMembership | undefined,
    hooks: DialHooks = {},
  ): Promise<Channel> {
    const { tls } = request
    if (tls === undefined || mesh === undefined) return dial(request, hooks)
    this.#forgetOthers(mesh)
    const peer = formatAddress({ address: request.host, port: request.port })
    const untilMs = performance.now() + request.connectTimeoutMs
    let role =
      this.#roles.get(peer) ?? (tls.identity === undefined ? mesh.authorities[0] : 'anybody')
    for (let left = mesh.authorities.length; ; left -= 1) {
      const connectTimeoutMs = Math.max(1, untilMs - performance.now())
      // oxlint-disable-next-line no-await-in-loop -- the next attempt is only made when this one went wrong
      const outcome = await dialAs(role, mesh, { ...request, connectTimeoutMs }, hooks)
      if (outcome.kind === 'connected') return outcome.channel
      this.#remember(peer, outcome.role, mesh)
      if (left <= 0) throw outcome.error
      role = outcome.role
    }
  }

  #forgetOthers(mesh: MeshMembership): void {
    const key = membershipKey(mesh)
    if (key === this.#membership) return
    this.#roles.clear()
    this.#membership = key
  }

  #remember(peer: string, role: Role, mesh: MeshMembership): void {
    if (membershipKey(mesh) !== this.#membership) return
    this.#roles.delete(peer)
    this.#roles.set(peer, role)
    if (this.#roles.size > mostPeers) this.#roles.delete(this.#roles.keys().next().value!)
  }
}

type Outcome =
  | { readonly kind: 'connected'; readonly channel: Channel }
  | { readonly kind: 'wrong-role'; readonly role: Role; readonly error: DialError }

async function dialAs(
  role: Role,
  mesh: MeshMembership,
  request: DialRequest,
  hooks: DialHooks,
): Promise<Outcome> {
  const fitting = (alpn: string | undefined): Role =>
    (alpn === undefined ? undefined : chooseAuthority(mesh, [alpn])) ?? 'anybody'
  const tls = request.tls!
  const member = role === 'anybody' ? undefined : role
  const offered = [...mesh.authorities.map(({ protocol }) => protocol), ...tls.alpn]
  const trust = {
    presents: (alpn: string | undefined) => fitting(alpn) === role,
    verifies: (alpn: string | undefined) => member !== undefined && fitting(alpn) === member,
  }
  try {
    const channel = await dial({ ...request, tls: { ...tls, alpn: offered, member, trust } }, hooks)
    const met = fitting(channel.tls?.alpn)
    // Anybody may answer a member; but who claims to be one has to prove it.
    if (met === role || met === 'anybody') return { kind: 'connected', channel }
    channel.reset()
    return wrongRole(met, request)
  } catch (error) {
    if (!(error instanceof DialError) || !(error.cause instanceof WithheldCertificate)) throw error
    return wrongRole(fitting(error.cause.alpn), request)
  }
}

function wrongRole(role: Role, { host, port }: DialRequest): Outcome {
  const where = formatAddress({ address: host, port })
  const reason = 'TLS handshake failed (the peer changes its mind about the mesh)'
  return { kind: 'wrong-role', role, error: new DialError('tls', where, reason) }
}
