import { isIP } from 'node:net'
import { createSecureContext, type ConnectionOptions, type SecureContext } from 'node:tls'
import { groups } from './groups.ts'

export interface ClientTlsWish {
  /** Sent as SNI unless it is an IP literal (RFC 6066, section 3); undefined = no SNI. */
  readonly serverName: string | undefined
  /** Offered in order; empty = the extension is not sent. */
  readonly alpn: readonly string[]
}

/**
 * Options of an upstream TLS connection. Like Kong 1.1, whom the upstream's certificate names and who signed it is not
 * checked.
 *
 * Pass them to `tls.connect`, which enforces `rejectUnauthorized`; a `TLSSocket` made by hand does not.
 */
export function clientTlsOptions(wish: ClientTlsWish): ConnectionOptions {
  anonymous ??= createSecureContext({ minVersion: 'TLSv1.2', ecdhCurve: groups })
  const { serverName, alpn } = wish
  return {
    secureContext: anonymous,
    rejectUnauthorized: false,
    ...(serverName !== undefined && isIP(serverName) === 0 ? { servername: serverName } : {}),
    ...(alpn.length > 0 ? { ALPNProtocols: [...alpn] } : {}),
  }
}

/** Made once, on first use: it costs about a millisecond and holds no identity. */
let anonymous: SecureContext | undefined
