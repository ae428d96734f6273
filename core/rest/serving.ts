import type { IncomingMessage, RequestListener, Server, ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { answer } from './answer.ts'
import type { Endpoint } from './exchange.ts'
import { sendReply } from './reply.ts'
import type { FinishedExchange, RestListen, RestServerOptions } from './rest-server.ts'
import { Router } from './router.ts'
import { createTlsServer } from './tls-server.ts'

// An `import` of its values reads all of them, one of which loads the whole of `fetch`: 35 ms of every start.
const http = process.getBuiltinModule('node:http')

/** How long running requests may take to finish when the server is closed, in ms. */
const closingMs = 1000

/** Serves connections that others have accepted. */
export class Serving {
  readonly #options: RestServerOptions
  readonly #router: Router | undefined
  readonly #counts: { requests: number }
  readonly #servers = new Map<RestListen, Server>()
  /** One promise for each request, fulfilled when its reply has gone out or its connection is lost. */
  readonly #running = new Set<Promise<void>>()

  /** Without endpoints everything is answered 500. */
  constructor(
    options: RestServerOptions,
    endpoints: readonly Endpoint[] | undefined,
    counts: { requests: number },
  ) {
    this.#options = options
    this.#router = endpoints && new Router(endpoints)
    this.#counts = counts
    for (const listen of options.listen) this.#servers.set(listen, this.#createServer(listen))
  }

  /** Takes over a paused connection that was accepted on this address. */
  take(socket: Socket, listen: RestListen): void {
    this.#servers.get(listen)?.emit('connection', socket)
    // Where a handshake is waited for, who starts it resumes.
    if (listen.identity === undefined) socket.resume()
  }

  /** Lets running requests finish, for a while. */
  async finish(): Promise<void> {
    for (const server of this.#servers.values()) server.close()
    await Promise.race([this.#idle(), setTimeout(closingMs, undefined, { ref: false })])
  }

  #createServer({ identity, ciphers }: RestListen): Server {
    const listener: RequestListener = (message, response) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#running.add(promise)
      response.once('close', () => {
        this.#running.delete(promise)
        resolve()
      })
      this.#serve(message, response).catch((error: unknown) => {
        this.#options.report(error)
        // Not even a fault could be told, such as that a reply is too long for a text.
        response.destroy()
      })
    }
    const serverOptions = httpOptions(this.#options)
    const server =
      identity === undefined
        ? http.createServer(serverOptions, listener)
        : createTlsServer({ identity, ciphers }, serverOptions, listener)
    server.on('checkContinue', (message, response) => {
      // Who is answered without having been told to continue may or may not send the body: the connection is over.
      response.setHeader('Connection', 'close')
      listener(message, response)
    })
    server.on('clientError', refuseMalformed)
    // It never listens itself; this makes it watch over slow requests.
    server.emit('listening')
    return server
  }

  async #idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running)
  }

  async #serve(...[message, response]: Parameters<RequestListener>): Promise<void> {
    const start = performance.now()
    this.#counts.requests += 1
    // A client that goes away while it is answered is nobody's fault.
    response.on('error', () => {})
    const { headers = {}, maxBodyBytes = 10 * 1024 * 1024, finished, report } = this.#options
    const reply = await answer(message, response, {
      router: this.#router,
      maxBodyBytes,
      report,
    })
    if (reply === undefined) {
      response.destroy()
      return
    }
    const bodyBytes = sendReply(response, reply, headers)
    finished?.({
      ...describeRequest(message),
      status: reply.status,
      bodyBytes,
      durationMs: performance.now() - start,
    })
  }
}

function httpOptions({
  maxHeadBytes,
  headTimeoutMs = 30_000,
  keepAliveTimeoutMs,
}: RestServerOptions): ServerOptions {
  return {
    // A request that dawdles longer is given up.
    headersTimeout: headTimeoutMs,
    requestTimeout: Math.max(60_000, headTimeoutMs),
    connectionsCheckingInterval: Math.min(5000, headTimeoutMs || 5000),
    ...(maxHeadBytes !== undefined && { maxHeaderSize: maxHeadBytes }),
    // Node takes 0 for "for ever".
    ...(keepAliveTimeoutMs !== undefined && { keepAliveTimeout: keepAliveTimeoutMs || 1 }),
  }
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

function describeRequest(
  message: IncomingMessage,
): Omit<FinishedExchange, 'status' | 'bodyBytes' | 'durationMs'> {
  return {
    remoteAddress: message.socket.remoteAddress ?? '',
    method: message.method ?? '',
    target: message.url ?? '',
    httpVersion: message.httpVersion,
    referer: message.headers.referer,
    userAgent: message.headers['user-agent'],
  }
}
