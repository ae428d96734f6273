import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { MeshError, messageOf } from '#core/base/errors.ts'
import { answer } from './answer.ts'
import type { Endpoint, RestReply } from './exchange.ts'
import { sendReply } from './reply.ts'
import { Router } from './router.ts'
import { createTlsServer, type RestIdentity } from './tls-server.ts'

export interface RestListen {
  /** IPv4, IPv6 without brackets, or a host name. */
  readonly address: string
  /** 0 = any free port. */
  readonly port: number
  /** Present on a TLS listener. Handshakes wait for a promised one. */
  readonly identity?: RestIdentity | Promise<RestIdentity> | undefined
}

export interface RestServerOptions {
  readonly listen: readonly RestListen[]
  /** Requests wait for promised ones; when the promise fails, `report` hears of it once and requests get 500. */
  readonly endpoints: readonly Endpoint[] | Promise<readonly Endpoint[]>
  /** What the server is, for faults: `Admin API`. */
  readonly title: string
  /** Added to every reply. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default 10 MiB. */
  readonly maxBodyBytes?: number
  /** Hears of faults that are not the client's. */
  readonly report: (error: unknown) => void
  /** Called when a reply has been sent. */
  readonly finished?: (exchange: FinishedExchange) => void
}

export interface FinishedExchange {
  readonly remoteAddress: string
  readonly method: string
  readonly target: string
  readonly status: number
  readonly userAgent: string | undefined
  readonly durationMs: number
}

export interface RestServer extends AsyncDisposable {
  /** Where it listens, in the order of `listen`, with the ports that were found. */
  readonly addresses: readonly { readonly address: string; readonly port: number }[]
  readonly counts: RestCounts
}

export interface RestCounts {
  /** Connections since the start. */
  readonly accepted: number
  /** Connections now. */
  readonly active: number
  readonly requests: number
}

/** How long running requests may take to finish when the server is closed, in ms. */
const closingMs = 1000

/**
 * Serves endpoints on all the addresses, or on none.
 *
 * @throws MeshError `listen-failed` naming every address that could not be bound and why.
 */
export async function openRestServer(options: RestServerOptions): Promise<RestServer> {
  const serving = new Serving(options)
  await using opening = new AsyncDisposableStack()
  opening.defer(() => serving.close())
  const outcomes = await Promise.allSettled(options.listen.map((listen) => serving.listen(listen)))
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  )
  if (failures.length > 0) {
    throw new MeshError('listen-failed', failures.map(messageOf).join('; '), {
      cause: failures.length === 1 ? failures[0] : new AggregateError(failures),
    })
  }
  const owned = opening.move()
  return {
    addresses: outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' ? [outcome.value] : [],
    ),
    counts: serving.counts,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

class Serving {
  readonly counts = { accepted: 0, active: 0, requests: 0 }
  readonly #options: RestServerOptions
  /** undefined: there are no endpoints, and never will be. */
  readonly #router: Promise<Router | undefined>
  readonly #sockets = new Set<Socket>()
  readonly #servers: Server[] = []
  /** One promise for each request, fulfilled when its reply has gone out or its connection is lost. */
  readonly #running = new Set<Promise<void>>()

  constructor(options: RestServerOptions) {
    this.#options = options
    this.#router = Promise.resolve(options.endpoints).then(
      (endpoints) => new Router(endpoints),
      (error: unknown): undefined => {
        options.report(error)
      },
    )
  }

  async listen(listen: RestListen): Promise<{ readonly address: string; readonly port: number }> {
    const server = this.#createServer(listen)
    const bound = await bind(server, listen, this.#options.title)
    this.#servers.push(server)
    return bound
  }

  /** Lets running requests finish, for a while; then ends all connections. */
  async close(): Promise<void> {
    const closed = this.#servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve())
        }),
    )
    await Promise.race([this.#idle(), setTimeout(closingMs, undefined, { ref: false })])
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(closed)
  }

  #createServer({ identity }: RestListen): Server {
    const listener: RequestListener = (message, response) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#running.add(promise)
      response.once('close', () => {
        this.#running.delete(promise)
        resolve()
      })
      this.#serve(message, response).catch(this.#options.report)
    }
    const server =
      identity === undefined
        ? createServer(serverOptions, listener)
        : createTlsServer(identity, serverOptions, listener)
    server.on('checkContinue', (message, response) => {
      // Who is answered without having been told to continue may or may not send the body: the connection is over.
      response.setHeader('Connection', 'close')
      listener(message, response)
    })
    server.on('clientError', refuseMalformed)
    server.on('connection', (socket: Socket) => {
      this.counts.accepted += 1
      this.counts.active += 1
      this.#sockets.add(socket)
      socket.once('close', () => {
        this.counts.active -= 1
        this.#sockets.delete(socket)
      })
    })
    return server
  }

  async #idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running)
  }

  async #serve(...[message, response]: Parameters<RequestListener>): Promise<void> {
    const start = performance.now()
    this.counts.requests += 1
    // A client that goes away while it is answered is nobody's fault.
    response.on('error', () => {})
    const { headers = {}, maxBodyBytes = 10 * 1024 * 1024, finished, report } = this.#options
    const reply = await answer(message, response, {
      router: await this.#router,
      maxBodyBytes,
      report,
    })
    if (reply === undefined) {
      response.destroy()
      return
    }
    sendReply(response, reply, headers)
    finished?.(describeExchange(message, reply, performance.now() - start))
  }
}

/** A request that dawdles longer is given up. */
const serverOptions = { headersTimeout: 30_000, requestTimeout: 60_000 }

async function bind(
  server: Server,
  { address, port }: RestListen,
  title: string,
): Promise<{ readonly address: string; readonly port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFailed(error, { address, port, title })))
    server.listen({ host: address, port }, () => {
      server.removeAllListeners('error')
      server.on('error', () => {})
      const bound = server.address()
      resolve(typeof bound === 'object' && bound !== null ? bound : { address, port })
    })
  })
}

function listenFailed(
  error: Error,
  {
    address,
    port,
    title,
  }: { readonly address: string; readonly port: number; readonly title: string },
): MeshError {
  const place = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  const code = 'code' in error ? String(error.code) : ''
  const reason = reasons[code] ?? messageOf(error)
  return new MeshError('listen-failed', `Cannot listen on ${place} for the ${title}: ${reason}`, {
    cause: error,
  })
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use; stop the other program or choose another port',
  EACCES: 'permission denied; choose a port above 1023 or run as root',
  EADDRNOTAVAIL: 'no interface of this machine has that address',
  ENOTFOUND: 'the host name cannot be resolved',
}

function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = malformed[error.code ?? ''] ?? '400 Bad Request'
  const body = JSON.stringify({ message: status.slice(4) })
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
}

const malformed: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

function describeExchange(
  message: IncomingMessage,
  { status }: RestReply,
  durationMs: number,
): FinishedExchange {
  return {
    remoteAddress: message.socket.remoteAddress ?? '',
    method: message.method ?? '',
    target: message.url ?? '',
    status,
    userAgent: message.headers['user-agent'],
    durationMs,
  }
}
