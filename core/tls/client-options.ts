import { isIP } from 'node:net'
import { createSecureContext, type ConnectionOptions, type SecureContext } from 'node:tls'
import type { Identity } from '#core/model/identity.ts'
import type { MeshAuthority } from '#core/model/mesh.ts'
import { groups } from './groups.ts'
import { meshContext } from './mesh-contexts.ts'

export interface ClientTlsWish {
  /** Sent as SNI unless it is an IP literal (RFC 6066, section 3); undefined = no SNI. */
  readonly serverName: string | undefined
  /** Offered in order; empty = the extension is not sent. */
  readonly alpn: readonly string[]
  /** Presented to an upstream that asks for a certificate. Default: none. */
  readonly identity?: Identity | undefined
  /** In place of `identity`: this node is introduced as a member of a mesh, whose authority is the only one trusted. */
  readonly member?: MeshAuthority | undefined
}

/**
 * Options of an upstream TLS connection. Like Kong 1.1, whom the upstream's certificate names and who signed it is not
 * checked.
 *
 * Pass them to `tls.connect`, which enforces `rejectUnauthorized`; a `TLSSocket` made by hand does not.
 * @throws Error when certificate and key of the identity are unreadable or do not belong together.
 */
export function clientTlsOptions(wish: ClientTlsWish): ConnectionOptions {
  const { serverName, alpn, identity, member } = wish
  return {
    secureContext: member === undefined ? clientContext(identity) : meshContext(member),
    rejectUnauthorized: false,
    ...(serverName !== undefined && isIP(serverName) === 0 ? { servername: serverName } : {}),
    ...(alpn.length > 0 ? { ALPNProtocols: [...alpn] } : {}),
  }
}

/** Made once for each identity, on first use: it costs about a millisecond. */
function clientContext(identity: Identity | undefined): SecureContext {
  const owner = identity ?? anonymous
  const known = contexts.get(owner)
  if (known !== undefined) return known
  const made = createSecureContext({
    minVersion: 'TLSv1.2',
    ecdhCurve: groups,
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.privateKey }),
  })
  contexts.set(owner, made)
  return made
}

const anonymous = {}
const contexts = new WeakMap<object, SecureContext>()
