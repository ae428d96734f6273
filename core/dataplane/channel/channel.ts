import type { SocketAddress } from '#core/model/address.ts'

/**
 * Bytes in and out of one TCP or TLS connection. Codecs and proxies stand on this and never learn which engine moves
 * the bytes; every engine runs `channel-suite.ts`.
 */
export interface Channel {
  readonly remote: SocketAddress
  readonly local: SocketAddress
  /** What TLS agreed on; undefined on a plain channel. */
  readonly tls: TlsSession | undefined
  /** Bytes handed to the peer's socket so far, and received from it (decrypted). */
  readonly bytesWritten: number
  readonly bytesRead: number

  /**
   * Starts delivery to `sink`, replacing an earlier one. A channel is born paused; nothing is lost before or between
   * sinks. Bytes kept by `unread` come first.
   */
  open(sink: Sink): void
  /** Puts bytes back in front of everything not yet delivered. Only while paused or inside `onBytes`. */
  unread(bytes: Uint8Array): void
  pause(): void
  resume(): void
  /**
   * Takes the bytes (they may be reused by the caller as soon as this returns). False = the peer is slow: stop until
   * `onDrain`.
   */
  write(bytes: Uint8Array): boolean
  /** Sends what was written, then FIN (TLS: close_notify first). The other direction stays open. */
  end(): void
  /** Sends what was written, then closes both directions. */
  close(): void
  /** Drops everything now. On a plain channel the peer sees RST. */
  reset(): void
}

export interface Sink {
  /** `bytes` is valid only during the call: copy what must outlive it. */
  onBytes(bytes: Uint8Array): void
  /** The peer will send no more (FIN or close_notify). Writing still works. */
  onEnd(): void
  onDrain(): void
  /** The channel is gone; called exactly once, last. `fault` says why if it was not an orderly close. */
  onClosed(fault: Error | undefined): void
}

export interface TlsSession {
  readonly serverName: string | undefined
  readonly alpn: string | undefined
  readonly protocol: string
}
