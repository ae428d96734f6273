import type { HopRecord } from './record.ts'

/**
 * How a hop was protected. `mutual-tls`: both sides presented a certificate and proved to have its key, and the handshake
 * came to its end. `unknown-tls`: TLS of which too little can be read to tell.
 */
export type HopSecurity = 'none' | 'plaintext' | 'tls' | 'mutual-tls' | 'unknown-tls'

export function securityOf({ payload, tls }: Pick<HopRecord, 'payload' | 'tls'>): HopSecurity {
  if (payload !== 'tls') return payload
  if (tls === undefined || !tls.readable || tls.established === undefined) return 'unknown-tls'
  const proven = tls.clientCertificate?.proven === true && tls.serverCertificate?.proven === true
  return proven && tls.established ? 'mutual-tls' : 'tls'
}
