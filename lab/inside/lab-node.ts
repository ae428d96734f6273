import type { Server, Socket } from 'node:net'
import type { RequestInit, Response } from 'undici'

/**
 * A node of a lab as a place for this process's own clients and servers: their sockets are in the node's network, and
 * nothing is started for them. Hosts are addresses: names would be asked for outside the lab. Disposing of it ends every
 * connection and server that it has made; so does the end of its lab.
 */
export interface LabNode extends AsyncDisposable {
  readonly name: string
  /**
   * Sends an HTTP request from the node, on a connection of its own unless the node was asked for with `keepAlive`. The
   * header `host` may be set.
   * @throws LabError when the URL names a host; TypeError as any fetch when the request fails.
   */
  fetch(url: string | URL, init?: NodeFetchInit): Promise<Response>
  /** Resolves once it is connected, with TLS once that is agreed on. Rejects with the error of the socket. */
  connect(options: NodeConnectOptions): Promise<Socket>
  /** Listens in the node's network. Disposing of the result, too, ends the server and its connections. */
  listen(options: NodeListenOptions): Promise<NodeServer>
}

export interface LabNodeOptions {
  /** Requests with the same options follow each other on one connection. Default: no. */
  readonly keepAlive?: boolean
}

export interface NodeFetchInit extends Omit<RequestInit, 'dispatcher'>, DialOptions {
  readonly tls?: NodeTls
}

export interface NodeConnectOptions extends DialOptions {
  readonly host: string
  readonly port: number
  /** Present: the connection is TLS. */
  readonly tls?: NodeTls
  readonly signal?: AbortSignal
}

export interface DialOptions {
  /**
   * The address that is dialled from. Default: the first of the node's own of that family where nodes share a network,
   * else as the node's routes have it.
   */
  readonly source?: string
}

export interface NodeTls {
  /** SNI. Default: none, as for any address. */
  readonly serverName?: string
  readonly alpn?: readonly string[]
  /** PEM. Who may sign the server's certificate. Default: those that Node trusts. */
  readonly ca?: string
  /** Takes any certificate. */
  readonly insecure?: boolean
  /** PEM. */
  readonly cert?: string
  readonly key?: string
}

export interface NodeListenOptions {
  /** Default: the first of the node's own. */
  readonly address?: string
  /** Default: the kernel chooses. */
  readonly port?: number
  /** Present: connections are TLS, and come once that is agreed on. PEM. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly alpn?: readonly string[] }
  readonly onConnection: (socket: Socket) => void
}

export interface NodeServer extends AsyncDisposable {
  readonly address: string
  readonly port: number
  readonly server: Server
}
