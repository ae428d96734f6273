import type { SocketAddress } from './address.ts'

/**
 * What the data plane tells about each connection and request as it happens. Control styles turn it into their own
 * log lines. Called synchronously on the data path: an observer must not throw and must not wait.
 */
export interface Observer {
  /** A connection was accepted. `destination` is the original one on a transparent listener. */
  accepted(connection: ConnectionInfo): void
  /** A ClientHello was read on a stream listener and TLS will be terminated here. */
  terminatingTls(connection: ConnectionInfo, serverName: string | undefined): void
  /** No route took the connection (stream) or request (http). */
  unrouted(connection: ConnectionInfo, what: 'stream' | 'http'): void
  /**
   * An upstream is about to be used; `attempt` counts from 1. Told for an idle connection that is used again, too, so
   * that each request shows its hop.
   */
  dialing(connection: ConnectionInfo, attempt: number, target: SocketAddress): void
  /** An upstream connection could not be opened; another attempt may follow. */
  dialFailed(
    connection: ConnectionInfo,
    attempt: number,
    target: SocketAddress,
    reason: string,
  ): void
  /** Something worth a line went wrong on a connection: a bad request, a failed handshake, a time-out. */
  fault(connection: ConnectionInfo, message: string): void
  streamFinished(record: StreamRecord): void
  requestFinished(record: RequestRecord): void
}

export interface ConnectionInfo {
  /** Unique within the process, from 1. */
  readonly id: number
  readonly client: SocketAddress
  /** The client that a PROXY header named, whether or not its sender is believed. */
  readonly announced?: SocketAddress | undefined
  readonly destination: SocketAddress
}

export interface StreamRecord {
  readonly connection: ConnectionInfo
  /** nginx's scale: 200 normal, 500 no route, 502 upstream unreachable. */
  readonly status: number
  readonly bytesToClient: number
  readonly bytesFromClient: number
  readonly durationMs: number
}

export interface RequestRecord {
  readonly connection: ConnectionInfo
  /** The client as far as trusted peers tell the truth about it; otherwise the direct peer. */
  readonly client: SocketAddress
  /** As received. */
  readonly requestLine: string
  readonly status: number
  /** Of the body, without head and chunk framing. */
  readonly bytesToClient: number
  readonly userAgent: string | undefined
  readonly referer: string | undefined
  readonly durationMs: number
}
