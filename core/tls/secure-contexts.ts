import { createSecureContext, type SecureContext } from 'node:tls'
import type { Identity, ServerIdentities } from '#core/model/identity.ts'
import { groups } from './groups.ts'

/**
 * What to present to a client that asked for `serverName`. Waits only if it is the fallback and that is still being
 * made.
 * @throws Error when certificate and key are unreadable or do not belong together.
 */
export async function chooseServerContext(
  identities: ServerIdentities,
  serverName: string | undefined,
): Promise<SecureContext> {
  const named = serverName === undefined ? undefined : identities.byServerName.get(serverName)
  return secureContext(named ?? (await identities.fallback), identities.ciphers)
}

/** The TLS 1.2–1.3 server context of an identity, made on first use. Session tickets are valid per context. */
export function secureContext(identity: Identity, ciphers?: string): SecureContext {
  const known = contexts.get(identity)
  if (known !== undefined && known.ciphers === ciphers) return known.context
  const context = createSecureContext({
    cert: identity.certificate,
    key: identity.privateKey,
    minVersion: 'TLSv1.2',
    ecdhCurve: groups,
    honorCipherOrder: true,
    ...(ciphers === undefined ? {} : { ciphers }),
  })
  contexts.set(identity, { ciphers, context })
  return context
}

interface Known {
  readonly ciphers: string | undefined
  readonly context: SecureContext
}

const contexts = new WeakMap<Identity, Known>()
