import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import type { EchoPorts } from '#lab/topology/topology.ts'
import type { KeyAndCertificate } from './certificate.ts'
import { reportConnection, type RequestReport, type SeenRecord } from './report.ts'
import { HeardText } from './heard-text.ts'
import { wishOf } from './wish.ts'

// An `import` of its values reads all of them, one of which loads the whole of `fetch`: 35 ms of every start.
const http = process.getBuiltinModule('node:http')

export interface EchoOptions {
  readonly address: string
  /** 0: the kernel chooses. */
  readonly ports: EchoPorts
  readonly certificate: KeyAndCertificate
  /** Takes the secrets of TLS connections, as lines of the NSS key log format. */
  readonly onKeys?: (line: Buffer) => void
  /** Is told of each request when all of it, or its end, has come, and before it is answered; of a stream at its end. */
  readonly onSeen?: (seen: SeenRecord) => void
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
  const { address, ports, certificate, onKeys, onSeen = () => {} } = options
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
    http: listen(http.createServer(answerRequest('http', onSeen)), ports.http),
    https: listen(createHttpsServer(offered, answerRequest('https', onSeen)), ports.https),
    tcp: listen(
      createTcpServer({ allowHalfOpen: true, noDelay: true }, echo('tcp', onSeen)),
      ports.tcp,
    ),
    tls: listen(createTlsServer({ ...tls, allowHalfOpen: true }, echo('tls', onSeen)), ports.tls),
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

type OnSeen = NonNullable<EchoOptions['onSeen']>

function answerRequest(protocol: 'http' | 'https', onSeen: OnSeen): RequestListener {
  return (request, response) => {
    const { method = '', url: path = '', httpVersion, rawHeaders, headers } = request
    const connection = reportConnection(request.socket)
    const heard = new HeardText()
    request.on('data', (data: Buffer) => heard.add(data))
    request.once('close', () => {
      const { text: body } = heard
      const whole = request.complete
      onSeen({ protocol, method, path, rawHeaders, body, whole, ...connection })
    })
    void (async () => {
      try {
        const body = await text(request)
        const report: RequestReport = {
          protocol,
          method,
          path,
          httpVersion,
          rawHeaders,
          headers,
          body,
          ...connection,
        }
        const { status, delayMs, headers: wished } = wishOf(path)
        if (delayMs > 0) await wait(delayMs)
        response.writeHead(status, { 'content-type': 'application/json', ...wished })
        response.end(`${JSON.stringify(report)}\n`)
      } catch {
        // The client went away in the middle of its request.
        response.destroy()
      }
    })()
  }
}

function echo(protocol: 'tcp' | 'tls', onSeen: OnSeen): (socket: Socket) => void {
  return (socket) => {
    const connection = reportConnection(socket)
    const heard = new HeardText()
    // A client may reset at any moment.
    socket.on('error', () => socket.destroy())
    socket.on('data', (data: Buffer) => heard.add(data))
    socket.once('close', () => {
      onSeen({ protocol, body: heard.text, whole: socket.readableEnded, ...connection })
    })
    socket.write(`${JSON.stringify(connection)}\n`)
    socket.pipe(socket)
  }
}

async function close(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  for (const socket of connections) socket.destroy()
  await closed
}
