import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { openNetwork, type Network } from '#netns/network.ts'
import { emptyNamespace, gatewayRoute, type RoutePlan } from '#netns/network-plan.ts'
import { connectTcp, listenTcp, type Endpoint, type TcpSocketOptions } from '#netns/sockets.ts'
import { interceptOnPath, type Interception } from './transparent-proxy.ts'

/** The network of the firewall suite: `client -- proxy -- server`, where the proxy's namespace forwards packets. */

export const SERVER_PORT = 19_000
export const PROXY_PORT = 9_000

export const addresses = {
  4: { client: '10.1.0.2', server: '10.2.0.5', listener: '127.0.0.1' },
  6: { client: 'fd00:1::2', server: 'fd00:2::5', listener: '::1' },
} as const

/** What a sidecar in the proxy's namespace needs. */
export const interception: Interception = interceptOnPath({
  name: 'sidecar',
  inputInterface: 'down0',
  destinations: ['10.2.0.0/24', 'fd00:2::/64'],
  targets: ([4, 6] as const).map((family) => ({
    ports: [SERVER_PORT],
    listener: { address: addresses[family].listener, port: PROXY_PORT },
  })),
  keepsClientAddress: true,
})

/** Forwarding is on, so that a packet no rule stops reaches the server: only then does a bypass show. */
export function openProxiedPath(): Network {
  return openNetwork({
    namespaces: [
      {
        ...emptyNamespace,
        name: 'client',
        routes: [byProxy('10.1.0.3'), byProxy('fd00:1::3')],
      },
      {
        ...emptyNamespace,
        name: 'proxy',
        sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.forwarding': '1' },
        routes: interception.routes,
        policyRules: interception.policyRules,
      },
      {
        ...emptyNamespace,
        name: 'server',
        routes: [byProxy('10.2.0.4'), byProxy('fd00:2::4')],
      },
    ],
    links: [
      {
        kind: 'veth',
        name: 'downstream',
        ends: [
          { namespace: 'client', interface: 'eth0', addresses: ['10.1.0.2/24', 'fd00:1::2/64'] },
          { namespace: 'proxy', interface: 'down0', addresses: ['10.1.0.3/24', 'fd00:1::3/64'] },
        ],
      },
      {
        kind: 'veth',
        name: 'upstream',
        ends: [
          { namespace: 'proxy', interface: 'up0', addresses: ['10.2.0.4/24', 'fd00:2::4/64'] },
          { namespace: 'server', interface: 'eth0', addresses: ['10.2.0.5/24', 'fd00:2::5/64'] },
        ],
      },
    ],
  })
}

/** A server that keeps what it accepts until it is disposed of. */
export interface Acceptor extends AsyncDisposable {
  /** Each as `PEER -> LOCAL:PORT`. */
  readonly accepted: readonly string[]
  readonly server: Server
  next(): Promise<Socket>
}

/** Accepts connections and sends back what they send. */
export async function accept(
  namespace: NetworkNamespace,
  endpoint: Endpoint,
  options?: Omit<TcpSocketOptions, 'bind' | 'family'>,
): Promise<Acceptor> {
  const accepted: string[] = []
  const sockets = new Set<Socket>()
  const onConnection = (socket: Socket): void => {
    accepted.push(`${socket.remoteAddress} -> ${socket.localAddress}:${socket.localPort}`)
    sockets.add(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  }
  const server = await listenTcp(namespace, endpoint, onConnection, options)
  return {
    accepted,
    server,
    next: async () => {
      const [socket]: Socket[] = await once(server, 'connection')
      if (socket === undefined) throw new Error('no socket')
      return socket
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      if (server.listening) await server[Symbol.asyncDispose]()
    },
  }
}

export type Outcome = 'connected' | 'refused' | 'timed out'

export interface DialOptions extends TcpSocketOptions {
  /** Default: 5000, for a busy machine. */
  readonly patienceMs?: number
}

/** How long a connection that cannot come about is waited for. */
export const BRIEFLY = { patienceMs: 300 }

/** Tries to connect and hangs up. */
export async function dial(
  namespace: NetworkNamespace,
  endpoint: Endpoint,
  { patienceMs = 5_000, ...options }: DialOptions = {},
): Promise<Outcome> {
  const socket = connectTcp(namespace, endpoint, options)
  const outcome = Promise.withResolvers<Outcome>()
  const timer = setTimeout(outcome.resolve, patienceMs, 'timed out')
  socket.once('connect', () => {
    outcome.resolve('connected')
  })
  socket.once('error', () => {
    outcome.resolve('refused')
  })
  try {
    return await outcome.promise
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

function byProxy(via: string): RoutePlan {
  const reason = 'Both ends reach each other by way of the proxy'
  return gatewayRoute({ to: 'default', via, reason })
}
