import { once } from 'node:events'
import { createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { createServer, type SecureVersion, type TLSSocket } from 'node:tls'
import { listen } from '#scenarios/support/listen.ts'
import type { ClusterAuthority } from './cluster-authority.ts'

/** A server on loopback that answers any request and counts who comes. */
export interface CountingServer extends AsyncDisposable {
  readonly address: string
  readonly port: number
  /** TCP connections. */
  connections(): number
}

export interface TlsServer extends CountingServer {
  /** What clients have sent in place of a handshake's end. */
  alerts(): readonly (number | undefined)[]
  /** Who has come through the handshake: the subject of a certificate, or `nobody`. */
  met(): readonly string[]
}

export interface TlsServerOptions {
  /** The only one that it speaks. Default: those of Node. */
  readonly version?: SecureVersion
  readonly identity: ClusterAuthority
  /** What it agrees to by ALPN. */
  readonly protocols: readonly string[]
}

export function openService(): Promise<CountingServer> {
  return count(createPlainServer(answerOnce))
}

/** Asks for a certificate, and takes any. */
export async function openTlsServer({
  version,
  identity,
  protocols,
}: TlsServerOptions): Promise<TlsServer> {
  const alerts: (number | undefined)[] = []
  const met: string[] = []
  const server = createServer({
    ...identity,
    ...(version && { minVersion: version, maxVersion: version }),
    ALPNProtocols: [...protocols],
    requestCert: true,
    rejectUnauthorized: false,
  })
  server.on('tlsClientError', (error) => {
    // Who only hangs up sends no alert.
    if (error.message.includes('alert')) alerts.push(alertNumber(error))
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    met.push(socket.getPeerX509Certificate()?.subject ?? 'nobody')
    answerOnce(socket)
  })
  return { ...(await count(server)), alerts: () => alerts, met: () => met }
}

/** The number of the TLS alert that a connection has ended by, in the words of OpenSSL. */
export function alertNumber(error: unknown): number | undefined {
  const digits = /SSL alert number (\d+)/.exec(String(error))?.[1]
  return digits === undefined ? undefined : Number(digits)
}

async function count(server: Server): Promise<CountingServer> {
  const address = '127.0.0.1'
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  return {
    address,
    port: await listen(server, address),
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

function answerOnce(socket: Socket): void {
  socket.on('error', () => {})
  socket.once('data', () =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
  )
}
