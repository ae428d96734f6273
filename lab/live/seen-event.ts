/** Something that packets showed: a request with its answer, or a connection that carried no HTTP/1. */
export interface SeenEvent {
  /** ISO 8601. */
  readonly at: string
  readonly link: string
  /** Names of nodes where addresses tell them, else the addresses. */
  readonly from: string
  readonly to: string
  /** Whom the client dialled: address and port. */
  readonly dialled: string
  /** `mutual-tls`: both sides proved who they are. `unknown-tls`: what is inside cannot be read. */
  readonly security: 'none' | 'plaintext' | 'tls' | 'mutual-tls' | 'unknown-tls'
  readonly serverName: string | undefined
  readonly request: SeenRequest | undefined
  /** Of a connection: how it ended, and payload either way. */
  readonly connection: SeenConnection | undefined
  readonly durationMs: number
}

export interface SeenRequest {
  readonly method: string
  readonly path: string
  /** Undefined: the connection ended before it was answered. */
  readonly status: number | undefined
}

export interface SeenConnection {
  readonly outcome: 'closed' | 'reset' | 'refused' | 'unanswered' | 'open'
  readonly bytesToServer: number
  readonly bytesToClient: number
}
