import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** What the echo service saw of a connection. */
export interface ConnectionReport {
  readonly source: string
  readonly local: string
  /** Absent on plain connections. */
  readonly tls?: {
    readonly version: string | null
    readonly serverName: string | undefined
    readonly alpn: string | undefined
    /** Subject of the client's certificate, verified or not. */
    readonly clientCertificate: string | undefined
  }
}

/** What the echo service answers an HTTP request with. */
export interface RequestReport extends ConnectionReport {
  readonly protocol: 'http' | 'https'
  readonly method: string
  readonly path: string
  readonly httpVersion: string
  /** Repeated headers keep their order: name and value alternate, as they were sent. */
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What the echo service writes down of a request, and of a stream when it has ended. */
export interface SeenRecord extends ConnectionReport {
  readonly protocol: 'http' | 'https' | 'tcp' | 'tls'
  /** Absent of a stream, as the next two. */
  readonly method?: string
  readonly path?: string
  readonly rawHeaders?: readonly string[]
  /** What was said, if it is more than 64 KiB only the beginning. */
  readonly body: string
  /** Whether the client came to the end of it. */
  readonly whole: boolean
}

export function reportConnection(socket: Socket | TLSSocket): ConnectionReport {
  const ends = {
    source: renderEnd(socket.remoteAddress, socket.remotePort),
    local: renderEnd(socket.localAddress, socket.localPort),
  }
  if (!isTls(socket)) return ends
  const { servername, alpnProtocol } = socket as { servername?: unknown; alpnProtocol?: unknown }
  return {
    ...ends,
    tls: {
      version: socket.getProtocol(),
      serverName: textOrNothing(servername),
      alpn: textOrNothing(alpnProtocol),
      clientCertificate: socket.getPeerX509Certificate()?.subject,
    },
  }
}

function isTls(socket: Socket | TLSSocket): socket is TLSSocket {
  return 'encrypted' in socket
}

function renderEnd(address: string | undefined, port: number | undefined): string {
  return address?.includes(':') === true ? `[${address}]:${port}` : `${address}:${port}`
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
