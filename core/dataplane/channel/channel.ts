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
   * sinks. Bytes kept by `unread` come first. A sink that is opened after the end or the closure is told of them too.
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
  /**
   * Sends what was written, then closes both directions. From now on the sink hears of the closure alone. What the peer
   * still sends is taken and thrown away for a moment, lest a reset overtake the last bytes.
   */
  close(): void
  /** Drops everything now. On a plain channel the peer sees RST. The sink hears of the closure alone. */
  reset(): void
}

export interface Sink {
  /** `bytes` is valid only during the call: copy what must outlive it. */
  onBytes(bytes: Uint8Array): void
  /** The peer will send no more (FIN or close_notify). Writing still works. */
  onEnd(): void
  onDrain(): void
  /**
   * The channel is gone; called exactly once, last, after all that was received has been delivered. `fault` says why if
   * it was not an orderly close. Until then, bytes written to a peer that is gone are dropped and no error is raised: its
   * last answer may still be on the way.
   */
  onClosed(fault: Error | undefined): void
}

export interface TlsSession {
  readonly serverName: string | undefined
  readonly alpn: string | undefined
  readonly protocol: string
}
