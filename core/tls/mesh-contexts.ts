import { constants } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { MeshAuthority } from '#core/model/mesh.ts'
import { groups } from './groups.ts'

/**
 * The TLS 1.2–1.3 context of a node towards others of its mesh, for either end of a connection, made on first use. It
 * trusts the mesh's authority alone and resumes no sessions, so that every connection shows a certificate.
 * @throws Error when certificate and key of the node are unreadable or do not belong together.
 */
export function meshContext(authority: MeshAuthority): SecureContext {
  const known = contexts.get(authority)
  if (known !== undefined) return known
  const { certificate, identity } = authority
  const made = createSecureContext({
    ca: certificate,
    cert: identity.certificate,
    key: identity.privateKey,
    minVersion: 'TLSv1.2',
    ecdhCurve: groups,
    // Whoever renegotiates could become somebody else after he was looked at.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    // Without one OpenSSL breaks off where a client tries to resume, rather than beginning anew.
    sessionIdContext: 'mesh',
  })
  contexts.set(authority, made)
  return made
}

const contexts = new WeakMap<MeshAuthority, SecureContext>()
