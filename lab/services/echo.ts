import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import type { EchoPorts } from '#lab/topology/topology.ts'
import type { KeyAndCertificate } from './certificate.ts'
import { reportConnection, type RequestReport } from './report.ts'
import { wishOf } from './wish.ts'

export interface EchoOptions {
  readonly address: string
  /** 0: the kernel chooses. */
  readonly ports: EchoPorts
  readonly certificate: KeyAndCertificate
  /** Takes the secrets of TLS connections, as lines of the NSS key log format. */
  readonly onKeys?: (line: Buffer) => void
}

/**
 * A service that answers with what it saw: JSON over HTTP, a first line of JSON and then every byte back over TCP. The
 * path of a request can ask for more, see `wishOf`.
 */
export interface EchoService extends AsyncDisposable {
  readonly ports: EchoPorts
}

/**
 * Listens on one address for HTTP, HTTPS, TCP and TLS; asks TLS clients for a certificate and takes any or none.
 * @throws Error of the first port that cannot be listened on, with none left open.
 */
export async function openEchoService(options: EchoOptions): Promise<EchoService> {
  const { address, ports, certificate, onKeys } = options
  const tls = { ...certificate, requestCert: true, rejectUnauthorized: false }
  const offered = { ...tls, ALPNProtocols: ['http/1.1'] }
  const connections = new Set<Socket>()
  await using opened = new AsyncDisposableStack()
  const listen = async (server: Server, port: number): Promise<number> => {
    server.on('connection', (socket: Socket) => {
      connections.add(socket)
      socket.once('close', () => connections.delete(socket))
    })
    if (onKeys !== undefined) server.on('keylog', onKeys)
    server.listen(port, address)
    await once(server, 'listening')
    opened.defer(() => close(server, connections))
    const bound = server.address()
    return typeof bound === 'object' && bound !== null ? bound.port : port
  }
  const opening = {
    http: listen(createHttpServer(answerRequest('http')), ports.http),
    https: listen(createHttpsServer(offered, answerRequest('https')), ports.https),
    tcp: listen(createTcpServer({ allowHalfOpen: true, noDelay: true }, echo), ports.tcp),
    tls: listen(createTlsServer({ ...tls, allowHalfOpen: true }, echo), ports.tls),
  }
  // All of them are settled before the first failure takes back those that listen.
  await Promise.allSettled(Object.values(opening))
  const bound: EchoPorts = {
    http: await opening.http,
    https: await opening.https,
    tcp: await opening.tcp,
    tls: await opening.tls,
  }
  const owned = opened.move()
  return { ports: bound, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function answerRequest(protocol: 'http' | 'https'): RequestListener {
  return (request, response) => {
    void (async () => {
      try {
        const report: RequestReport = {
          protocol,
          method: request.method ?? '',
          path: request.url ?? '',
          httpVersion: request.httpVersion,
          rawHeaders: request.rawHeaders,
          headers: request.headers,
          body: await text(request),
          ...reportConnection(request.socket),
        }
        const { status, delayMs, headers } = wishOf(report.path)
        if (delayMs > 0) await wait(delayMs)
        response.writeHead(status, { 'content-type': 'application/json', ...headers })
        response.end(`${JSON.stringify(report)}\n`)
      } catch {
        // The client went away in the middle of its request.
        response.destroy()
      }
    })()
  }
}

function echo(socket: Socket): void {
  // A client may reset at any moment.
  socket.on('error', () => socket.destroy())
  socket.write(`${JSON.stringify(reportConnection(socket))}\n`)
  socket.pipe(socket)
}

async function close(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  for (const socket of connections) socket.destroy()
  await closed
}
