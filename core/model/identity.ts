/** A certificate chain and its private key, both PEM. */
export interface Identity {
  readonly certificate: string
  readonly privateKey: string
}

/** What a TLS listener presents. */
export interface ServerIdentities {
  /**
   * Presented when no other fits. A promise, because making a fresh RSA key takes up to 300 ms and neither listeners
   * nor plain connections need wait for it; a handshake does.
   */
  readonly fallback: Identity | Promise<Identity>
  /** Exact server names (lower case) and what to present for them. */
  readonly byServerName: ReadonlyMap<string, Identity>
  /** OpenSSL's list of ciphers for TLS up to 1.2; default: Node's. */
  readonly ciphers?: string
}
