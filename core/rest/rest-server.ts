import { createServer, type Server, type Socket } from 'node:net'
import { MeshError, messageOf } from '#core/base/errors.ts'
import type { Endpoint } from './exchange.ts'
import type { Serving } from './serving.ts'
import type { RestIdentity } from './tls-server.ts'

export interface RestListen {
  /** IPv4, IPv6 without brackets, or a host name. */
  readonly address: string
  /** 0 = any free port. */
  readonly port: number
  /** Present on a TLS listener. Handshakes wait for a promised one. */
  readonly identity?: RestIdentity | Promise<RestIdentity> | undefined
  /** OpenSSL's list for TLS up to 1.2; default: Node's. */
  readonly ciphers?: string | undefined
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
  readonly maxBodyBytes?: number | undefined
  /** Of a request; default 16 KiB. */
  readonly maxHeadBytes?: number | undefined
  /** Longest time for a request's head to arrive; default 30 s, 0 = for ever. */
  readonly headTimeoutMs?: number | undefined
  /** Idle time of connections; default 5 s, 0 = none is used twice. */
  readonly keepAliveTimeoutMs?: number | undefined
  /** Hears of faults that are not the client's. */
  readonly report: (error: unknown) => void
  /** Called when a reply has been sent. */
  readonly finished?: (exchange: FinishedExchange) => void
}

export interface FinishedExchange {
  readonly remoteAddress: string
  readonly method: string
  readonly target: string
  /** `1.1` */
  readonly httpVersion: string
  readonly status: number
  readonly bodyBytes: number
  readonly referer: string | undefined
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

/**
 * Serves endpoints on all the addresses, or on none. What serves them is loaded when the endpoints are there.
 *
 * @throws MeshError `listen-failed` naming every address that could not be bound and why.
 */
export async function openRestServer(options: RestServerOptions): Promise<RestServer> {
  const reception = new Reception(options)
  await using opening = new AsyncDisposableStack()
  opening.defer(() => reception.close())
  const outcomes = await Promise.allSettled(
    options.listen.map((listen) => reception.listen(listen)),
  )
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
    counts: reception.counts,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Accepts connections, whether or not there is somebody already who can serve them. */
class Reception {
  readonly counts: Counts = { accepted: 0, active: 0, requests: 0 }
  readonly #title: string
  readonly #serving: Promise<Serving>
  /** What `#serving` has become. */
  #served: Serving | undefined
  readonly #sockets = new Set<Socket>()
  readonly #servers: Server[] = []

  constructor(options: RestServerOptions) {
    this.#title = options.title
    this.#serving = this.#load(options)
    this.#serving.catch(options.report)
  }

  async listen(listen: RestListen): Promise<{ readonly address: string; readonly port: number }> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
    server.on('connection', (socket) => void this.#admit(socket, listen))
    const bound = await bind(server, listen, this.#title)
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
    await this.#served?.finish()
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(closed)
  }

  async #load(options: RestServerOptions): Promise<Serving> {
    let endpoints: readonly Endpoint[] | undefined
    try {
      endpoints = await options.endpoints
    } catch (error) {
      options.report(error)
    }
    // Node's HTTP takes longer to load than a whole node does to listen.
    const { Serving } = await import('./serving.ts')
    this.#served = new Serving(options, endpoints, this.counts)
    return this.#served
  }

  async #admit(socket: Socket, listen: RestListen): Promise<void> {
    this.counts.accepted += 1
    this.counts.active += 1
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.counts.active -= 1
      this.#sockets.delete(socket)
    })
    socket.on('error', ignore)
    try {
      const serving = await this.#serving
      socket.off('error', ignore)
      if (!socket.destroyed) serving.take(socket, listen)
    } catch {
      // Why has been reported.
      socket.destroy()
    }
  }
}

type Counts = { -readonly [name in keyof RestCounts]: RestCounts[name] }

function ignore(): void {}

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
