import type { CertificateSummary } from './certificates.ts'
import type { ContentPart } from './read-direction.ts'

/** A TLS connection as its packets show it; nothing in it is anybody's word. */
export interface TlsReading {
  /** Undefined: no ServerHello was seen. */
  readonly version: string | undefined
  /** Name in IANA's registry. */
  readonly cipher: string | undefined
  readonly serverName: string | undefined
  readonly offeredAlpn: readonly string[]
  readonly alpn: string | undefined
  /** Whether all of the handshake could be read; TLS 1.3 needs the key log for that. */
  readonly readable: boolean
  /** An earlier session went on, so nobody presented a certificate. */
  readonly resumed: boolean
  readonly server: Presented
  readonly client: Presented
  /** Both sides finished the handshake and neither called it off. Undefined: that cannot be read. */
  readonly established: boolean | undefined
  readonly alert: { readonly by: 'client' | 'server'; readonly name: string } | undefined
  /** Application data; undefined: at least some of it cannot be read. */
  readonly content: TlsContent | undefined
}

export interface TlsContent {
  readonly toServer: readonly ContentPart[]
  readonly toClient: readonly ContentPart[]
}

export type Presented =
  | {
      readonly kind: 'certificate'
      readonly certificate: CertificateSummary
      /** The signature by which it proves to have the key of the certificate is good for this very handshake. */
      readonly proven: boolean
    }
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable' }
