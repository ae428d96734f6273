import { createServer, type Server, type Socket } from 'node:net'
import { listenOnLoopback } from '#core/base/loopback-ports.ts'
import { unmapped } from '#core/base/cidr.ts'
import { adoptSocket } from '#core/dataplane/channel/adopt-socket.ts'
import { startServerTls } from '#core/dataplane/channel/start-tls.ts'
import { surroundingsOf } from '#core/dataplane/mesh/surroundings.ts'
import type { AddressChooser } from '#core/dataplane/upstreams/address-chooser.ts'
import { dial } from '#core/dataplane/upstreams/dial.ts'
import { openAddressChooser } from '#core/dataplane/upstreams/open-address-chooser.ts'
import type { FilterChain, HttpFilter } from '#core/model/http-filter.ts'
import type { HttpForward, HttpMatch, HttpRoute } from '#core/model/http-route.ts'
import type { Identity } from '#core/model/identity.ts'
import type { HttpListener, HttpSettings } from '#core/model/listener.ts'
import type { LocalReplies } from '#core/model/local-reply.ts'
import type { ConnectionInfo, Observer, RequestRecord } from '#core/model/observer.ts'
import type { Upstream } from '#core/model/upstream.ts'
import { createSecureContext } from 'node:tls'
import type { HttpConnection, HttpContext } from './http-context.ts'
import { serveHttp } from './serve-http.ts'
import { UpstreamPool } from './upstream-pool.ts'

export interface TestRoute {
  readonly match?: Partial<HttpMatch>
  readonly forward?: Partial<HttpForward>
  readonly upstream?: Partial<Upstream>
  readonly filters?: FilterChain
}

/** Filters that everybody meets. */
export function testChain(...filters: readonly HttpFilter[]): FilterChain {
  return filters.map((filter, index) => ({ name: `f${index + 1}`, choose: () => filter }))
}

export interface TestProxyOptions {
  /** Filters of the listener. */
  readonly filters?: FilterChain
  /** Default: one without pools. */
  readonly chooser?: AddressChooser
  readonly settings?: Partial<HttpSettings>
  /** Makes the proxy speak TLS to clients. */
  readonly identity?: Identity
}

/** A proxy on a loopback port, over real sockets. */
export interface TestProxy extends AsyncDisposable {
  readonly port: number
  readonly connections: readonly HttpConnection[]
  /** What the observer was told, one line each. */
  readonly events: readonly string[]
  readonly records: readonly RequestRecord[]
  readonly pool: UpstreamPool
}

export async function openTestProxy(
  routes: readonly TestRoute[],
  options: TestProxyOptions = {},
): Promise<TestProxy> {
  const events: string[] = []
  const records: RequestRecord[] = []
  const connections: HttpConnection[] = []
  const pool = new UpstreamPool()
  const chooser = openAddressChooser()
  const surroundings = surroundingsOf({}, 'test')
  const context: HttpContext = {
    listener: { ...testListener(routes, options.settings), filters: options.filters },
    encrypted: options.identity !== undefined,
    arrival: 'client',
    surroundings: () => surroundings,
    dial,
    chooser: options.chooser ?? chooser,
    upstreams: pool,
    observer: recordingObserver(events, records),
  }
  let id = 0
  const { port, close } = await listen(async (socket) => {
    id += 1
    const plain = adoptSocket(socket)
    const { identity } = options
    const channel =
      identity === undefined
        ? plain
        : await startServerTls(plain, {
            secureContext: createSecureContext({
              cert: identity.certificate,
              key: identity.privateKey,
            }),
            alpn: ['http/1.1'],
            signal: AbortSignal.timeout(5000),
          })
    const info: ConnectionInfo = { id, client: channel.remote, destination: channel.local }
    connections.push(serveHttp(channel, info, context))
  })
  return {
    port,
    connections,
    events,
    records,
    pool,
    [Symbol.asyncDispose]: async () => {
      pool[Symbol.dispose]()
      await close()
      await chooser[Symbol.asyncDispose]()
    },
  }
}

/** A TCP server on a loopback port that gives each connection to `serve`. */
export async function openTestUpstream(
  serve: (socket: Socket) => void,
): Promise<AsyncDisposable & { readonly port: number; readonly accepted: () => number }> {
  let accepted = 0
  const { port, close } = await listen((socket) => {
    accepted += 1
    socket.on('error', () => {})
    socket.resume()
    serve(socket)
  })
  return { port, accepted: () => accepted, [Symbol.asyncDispose]: close }
}

async function listen(
  onSocket: (socket: Socket) => void | Promise<void>,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    void onSocket(socket)
  })
  const port = await listenOnLoopback(server)
  return {
    port,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

/** An HTTP listener on a loopback port. */
export function testListener(
  routes: readonly TestRoute[],
  settings: Partial<HttpSettings> = {},
): HttpListener {
  return {
    kind: 'http',
    address: '127.0.0.1',
    port: 0,
    transparent: false,
    identities: undefined,
    routes: routes.map(testRoute),
    settings: { ...defaultSettings, ...settings },
  }
}

export function testRoute(route: TestRoute, index = 0): HttpRoute {
  return {
    id: `r${index + 1}`,
    name: undefined,
    serviceId: undefined,
    serviceName: undefined,
    match: {
      hosts: undefined,
      paths: undefined,
      methods: undefined,
      encryption: 'optional',
      ...route.match,
    },
    forward: { basePath: '/', stripPath: false, preserveHost: false, ...route.forward },
    upstream: {
      target: 'original-destination',
      transport: 'plain',
      source: undefined,
      connectTimeoutMs: 5000,
      writeTimeoutMs: 5000,
      readTimeoutMs: 5000,
      retries: 0,
      ...route.upstream,
    },
    filters: route.filters,
  }
}

/** Says the cause in the body. */
const plainReplies: LocalReplies = (cause) => {
  const status = {
    'no-route': 404,
    'upgrade-required': 426,
    'name-resolution-failed': 503,
    'no-healthy-target': 503,
    'internal-error': 500,
  }
  return {
    status: cause.kind === 'status' ? cause.status : status[cause.kind],
    reason: 'Local',
    headers: [['Content-Type', 'text/plain']],
    body: `${cause.kind === 'status' ? cause.status : cause.kind}\n`,
  }
}

const defaultSettings: HttpSettings = {
  trustedPeers: [],
  replies: plainReplies,
  responseTokens: {
    server: 'test/1',
    via: 'test/1',
    upstreamLatency: 'X-Upstream-Latency',
    proxyLatency: 'X-Proxy-Latency',
    upstreamStatus: undefined,
  },
  extraResponseHeaders: [],
  maxHeadBytes: 32 * 1024,
  maxBodyBytes: 0,
  keepAliveTimeoutMs: 5000,
  headTimeoutMs: 5000,
  handshakeTimeoutMs: 5000,
  upstreamKeepAlive: 10,
}

function recordingObserver(events: string[], records: RequestRecord[]): Observer {
  return {
    accepted: () => {},
    terminatingTls: () => {},
    unrouted: () => events.push('unrouted'),
    dialing: (_connection, attempt, target) =>
      events.push(`dialing ${attempt} ${unmapped(target.address)}`),
    dialFailed: (_connection, attempt, _target, reason) =>
      events.push(`dial failed ${attempt}: ${reason}`),
    fault: (_connection, message) => events.push(`fault: ${message}`),
    streamFinished: () => {},
    requestFinished: (record) => records.push(record),
  }
}
