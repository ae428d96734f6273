import { once } from 'node:events'
import { appendFileSync, closeSync } from 'node:fs'
import { createServer, isIP, Socket, type Server } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import type { Agent, Dispatcher, Response } from 'undici'
import { familyOf } from '#netns/ip-address.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { NodeSpec } from '#lab/topology/topology.ts'
import type {
  LabNode,
  LabNodeOptions,
  NodeConnectOptions,
  NodeFetchInit,
  NodeListenOptions,
  NodeServer,
} from './lab-node.ts'
import { chooseSource } from './source-address.ts'
import { takeSocket } from './take-socket.ts'

export interface NodePlace {
  /** The lab's run folder. */
  readonly folder: string
  readonly nodes: readonly Pick<NodeSpec, 'name' | 'namespace' | 'addresses'>[]
  /** Takes the TLS secrets of what is sent and served here. */
  readonly keyLog: string | undefined
  readonly onDispose?: () => void
}

/** A node whose sockets come from the lab's holder. */
export class SocketNode implements LabNode {
  readonly name: string
  readonly #place: NodePlace
  readonly #keepAlive: boolean
  readonly #sockets = new Set<Socket>()
  readonly #servers = new Set<NodeServer>()
  /** Those of `keepAlive` by what tells them apart, and of requests on their way by themselves. */
  readonly #agents = new Map<string | symbol, Agent>()
  #disposed = false

  constructor(name: string, place: NodePlace, { keepAlive = false }: LabNodeOptions = {}) {
    if (!place.nodes.some((node) => node.name === name)) {
      const names = place.nodes.map((node) => node.name).join(', ')
      throw new LabError(`The lab has no node "${name}"; it has ${names}.`)
    }
    this.name = name
    this.#place = place
    this.#keepAlive = keepAlive
  }

  async fetch(url: string | URL, init: NodeFetchInit = {}): Promise<Response> {
    const { tls, source, ...request } = init
    const { hostname } = new URL(url)
    refuseName(bare(hostname))
    // Loaded by those who ask.
    const { Agent, fetch, Headers } = await import('undici')
    const key = this.#keepAlive ? JSON.stringify([tls, source]) : Symbol('request')
    const agent = this.#agents.get(key) ?? this.#openAgent(Agent, init)
    this.#agents.set(key, agent)
    try {
      const host = new Headers(request.headers).get('host')
      const dispatcher = host === null ? agent : agent.compose(withHost(host))
      return await fetch(url, { ...request, dispatcher })
    } finally {
      if (!this.#keepAlive) void this.#closeOnceRead(key, agent)
    }
  }

  async connect(options: NodeConnectOptions): Promise<Socket> {
    const { host, port, tls, source, signal } = options
    refuseName(host)
    signal?.throwIfAborted()
    const plain = await this.#open(host, source)
    plain.connect({ host, port })
    try {
      await once(plain, 'connect', { ...(signal && { signal }) })
      if (tls === undefined) return plain
      const secured = connectTls({
        socket: plain,
        servername: tls.serverName ?? '',
        ...(tls.alpn && { ALPNProtocols: [...tls.alpn] }),
        ...(tls.ca !== undefined && { ca: tls.ca }),
        ...(tls.cert !== undefined && { cert: tls.cert }),
        ...(tls.key !== undefined && { key: tls.key }),
        rejectUnauthorized: tls.insecure !== true,
        // Without a name it is the address that the certificate is for.
        host: tls.serverName ?? host,
      })
      secured.on('keylog', (line: Buffer) => {
        this.#logKey(line)
      })
      await once(secured, 'secureConnect', { ...(signal && { signal }) })
      return secured
    } catch (error) {
      plain.destroy()
      throw error
    }
  }

  async listen(options: NodeListenOptions): Promise<NodeServer> {
    const { tls, onConnection } = options
    const node = this.#place.nodes.find(({ name }) => name === this.name)
    const address = options.address ?? node?.addresses[0] ?? '127.0.0.1'
    refuseName(address)
    const fd = await this.#take(address, { address, port: options.port ?? 0 })
    const server: Server =
      tls === undefined
        ? createServer(onConnection)
        : createTlsServer(
            { cert: tls.cert, key: tls.key, ...(tls.alpn && { ALPNProtocols: [...tls.alpn] }) },
            onConnection,
          ).on('keylog', (line: Buffer) => {
            this.#logKey(line)
          })
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => sockets.delete(socket))
    })
    server.listen({ fd })
    await once(server, 'listening')
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error(`no port on ${address}`)
    const opened: NodeServer = {
      address: bound.address,
      port: bound.port,
      server,
      [Symbol.asyncDispose]: async () => {
        this.#servers.delete(opened)
        if (!server.listening) return
        const closed = once(server, 'close')
        server.close()
        for (const socket of sockets) socket.destroy()
        await closed
      },
    }
    this.#servers.add(opened)
    return opened
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    this.#place.onDispose?.()
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all([
      ...Array.from(this.#servers, (server) => server[Symbol.asyncDispose]()),
      ...Array.from(this.#agents.values(), (agent) => agent.destroy()),
    ])
  }

  /** A socket that is not connected yet. */
  async #open(host: string, source: string | undefined): Promise<Socket> {
    const from = source ?? chooseSource(this.name, familyOf(host), this.#place.nodes)
    const fd = await this.#take(host, from === undefined ? undefined : { address: from, port: 0 })
    if (this.#disposed) {
      closeSync(fd)
      throw new LabError(`The node ${this.name} is not held any more.`)
    }
    const socket = new Socket({ fd, readable: true, writable: true })
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }

  #take(
    host: string,
    source: { readonly address: string; readonly port: number } | undefined,
  ): Promise<number> {
    if (this.#disposed) throw new LabError(`The node ${this.name} is not held any more.`)
    const { folder } = this.#place
    return takeSocket(folder, {
      command: 'socket',
      node: this.name,
      family: familyOf(host),
      source,
    })
  }

  #openAgent(
    Opened: typeof Agent,
    { tls = {}, source }: Pick<NodeFetchInit, 'source' | 'tls'>,
  ): Agent {
    return new Opened({
      // With none a connection is for one request.
      ...(this.#keepAlive ? { pipelining: 1, connections: 1 } : { pipelining: 0 }),
      connect: ({ hostname, port, protocol }, done) => {
        const secured = protocol === 'https:'
        void this.#dial(
          {
            host: bare(hostname),
            port: Number(port) || (secured ? 443 : 80),
            ...(secured && { tls: { alpn: ['http/1.1'], ...tls } }),
            ...(source !== undefined && { source }),
          },
          done,
        )
      },
    })
  }

  async #closeOnceRead(key: string | symbol, agent: Agent): Promise<void> {
    try {
      await agent.close()
    } catch {
      // The node was disposed of meanwhile, and its agents with it.
    }
    this.#agents.delete(key)
  }

  async #dial(
    options: NodeConnectOptions,
    done: (...result: [error: null, socket: Socket] | [error: Error, socket: null]) => void,
  ): Promise<void> {
    let socket
    try {
      socket = await this.connect(options)
    } catch (error) {
      done(asError(error), null)
      return
    }
    done(null, socket)
  }

  #logKey(line: Buffer): void {
    const { keyLog } = this.#place
    if (keyLog !== undefined) appendFileSync(keyLog, line)
  }
}

/** As the standard has it, fetch takes the header from the URL alone. */
function withHost(host: string): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const headers = Object.assign({}, options.headers, { host })
    return dispatch({ ...options, headers }, handler)
  }
}

/** As URLs have it an IPv6 address is in brackets. */
function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}

function refuseName(host: string): void {
  if (isIP(host) !== 0) return
  throw new LabError(
    `"${host}" is a name, and names are not looked up in a lab: use an address, and for names "host" among the headers or "serverName" of TLS.`,
  )
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
