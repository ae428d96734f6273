import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { listenOnLoopback } from '#core/base/loopback-ports.ts'
import { openDataplane, type Dataplane } from '#core/dataplane/dataplane.ts'
import type { StreamListener } from '#core/model/listener.ts'
import type { Observer, StreamRecord } from '#core/model/observer.ts'
import type { StreamFilter } from '#core/model/stream-filter.ts'
import type { StreamMatch, StreamRoute } from '#core/model/stream-route.ts'
import type { Upstream } from '#core/model/upstream.ts'

/** Keeps what it is told as one line each. */
export class RecordingObserver implements Observer {
  readonly lines: string[] = []
  readonly records: StreamRecord[] = []
  readonly #waiting = new Set<() => void>()

  accepted(): void {
    this.#note('accepted')
  }
  terminatingTls(_connection: unknown, serverName: string | undefined): void {
    this.#note(`terminating ${serverName ?? '-'}`)
  }
  unrouted(_connection: unknown, what: string): void {
    this.#note(`unrouted ${what}`)
  }
  dialing(_connection: unknown, attempt: number, target: { readonly address: string }): void {
    this.#note(`dialing ${attempt} ${target.address}`)
  }
  dialFailed(_connection: unknown, attempt: number, _target: unknown, reason: string): void {
    this.#note(`failed ${attempt} ${reason}`)
  }
  fault(_connection: unknown, message: string): void {
    this.#note(`fault ${message}`)
  }
  streamFinished(record: StreamRecord): void {
    this.records.push(record)
    this.#note(`finished ${record.status}`)
  }
  requestFinished(): void {
    this.#note('request')
  }

  /** Waits until a line begins with `start`. */
  async until(start: string): Promise<void> {
    while (!this.lines.some((line) => line.startsWith(start))) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      // oxlint-disable-next-line no-await-in-loop -- waits for the next line
      await promise
      this.#waiting.delete(resolve)
    }
  }

  #note(line: string): void {
    this.lines.push(line)
    for (const resolve of this.#waiting) resolve()
  }
}

export interface TestStream extends AsyncDisposable {
  readonly dataplane: Dataplane
  readonly observer: RecordingObserver
  readonly port: number
}

export interface TestStreamRoute {
  readonly match?: Partial<StreamMatch>
  readonly upstream?: Partial<Upstream>
  readonly filters?: readonly StreamFilter[]
}

/** A data plane with one stream listener on a loopback port. */
export async function openTestStream(
  routes: readonly TestStreamRoute[],
  listener: Partial<StreamListener> = {},
): Promise<TestStream> {
  const observer = new RecordingObserver()
  const dataplane = openDataplane({ observer })
  await dataplane.apply({ version: '1', listeners: [testStreamListener(routes, listener)] })
  return {
    dataplane,
    observer,
    port: dataplane.listening[0]!.port,
    [Symbol.asyncDispose]: () => dataplane[Symbol.asyncDispose](),
  }
}

export function testStreamListener(
  routes: readonly TestStreamRoute[],
  listener: Partial<StreamListener> = {},
): StreamListener {
  return {
    kind: 'stream',
    address: '127.0.0.1',
    port: 0,
    transparent: false,
    routes: routes.map(testStreamRoute),
    identities: {
      // Never made: a test that needs a certificate brings one.
      fallback: new Promise(() => {}),
      byServerName: new Map(),
    },
    firstBytesTimeoutMs: 300,
    handshakeTimeoutMs: 5000,
    ...listener,
  }
}

export function testStreamRoute(route: TestStreamRoute, index = 0): StreamRoute {
  return {
    id: `r${index + 1}`,
    name: undefined,
    match: {
      sources: undefined,
      destinations: undefined,
      serverNames: undefined,
      expects: 'plain',
      ...route.match,
    },
    upstream: {
      target: 'original-destination',
      transport: 'plain',
      source: undefined,
      connectTimeoutMs: 5000,
      writeTimeoutMs: 60_000,
      readTimeoutMs: 60_000,
      retries: 0,
      ...route.upstream,
    },
    filters: route.filters?.map((filter, place) => ({
      name: `f${place + 1}`,
      choose: () => filter,
    })),
  }
}

export interface TestServer extends AsyncDisposable {
  readonly port: number
  readonly target: { readonly host: string; readonly port: number }
}

/** A server on a loopback port; it is given half-open sockets and cuts them when it is disposed of. */
export async function openTestServer(
  serve: (socket: Socket) => void,
  make: (serve: (socket: Socket) => void) => Server = (handler) =>
    createServer({ allowHalfOpen: true, noDelay: true }, handler),
): Promise<TestServer> {
  const sockets = new Set<Socket>()
  const server = make((socket) => {
    socket.on('error', () => {})
    serve(socket)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  const port = await listenOnLoopback(server)
  return {
    port,
    target: { host: '127.0.0.1', port },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export async function connectTo(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true, noDelay: true })
  await once(socket, 'connect')
  socket.on('error', () => {})
  return socket
}
