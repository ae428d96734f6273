import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import type { Detached, NetChannel } from '#core/dataplane/channel/net-channel.ts'
import { Deadline } from '#core/dataplane/http/deadline.ts'
import type { HttpConnection } from '#core/dataplane/http/http-context.ts'
import { http1RequestText } from './http1-request-text.ts'
import { StreamChannel } from './stream-channel.ts'

export interface Http2Options {
  /** How long the first request may take to come, in ms. */
  readonly headTimeoutMs: number
  /** How long a connection without requests is kept, in ms; read whenever one begins to be idle. */
  readonly keepAliveTimeoutMs: () => number
  /** Serves one request: the channel speaks HTTP/1.1 and carries no second one. */
  readonly serve: (channel: Channel) => void
  /** The client broke the rules of HTTP/2, or the connection broke. */
  readonly onFault: (message: string) => void
}

const sessionOptions = {
  settings: {
    // As many as nginx allows by default.
    maxConcurrentStreams: 128,
    enablePush: false,
    initialWindowSize: 64 * 1024 - 1,
    // Heads beyond the listener's own limits are answered with 494; those beyond this one end their streams.
    maxHeaderListSize: 64 * 1024,
  },
  maxHeaderListPairs: 512,
  // A buffer for each of the streams, and room for the tables.
  maxSessionMemory: 64,
  strictSingleValueFields: false,
  // A client may call off a hundred requests at once, but not a hundred thousand (CVE-2023-44487).
  streamResetBurst: 1000,
  streamResetRate: 33,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
}

/** No stream that its reader holds up can use up the window of the connection. */
const connectionWindow = 16 * 1024 * 1024

/** How long a client may take to close its side, or to take the last bytes, in ms. */
const lingerMs = 5000

/**
 * Serves HTTP/2 on a connection (RFC 9113), each stream as an HTTP/1.1 connection of its own. The channel is used up;
 * bytes kept by `unread` are the first.
 */
export function serveHttp2(channel: NetChannel, options: Http2Options): HttpConnection {
  const { remote, local, tls } = channel
  return new Http2Connection(channel.detach(), { remote, local, tls }, options)
}

class Http2Connection implements HttpConnection {
  readonly #session: ServerHttp2Session
  readonly #ends: Pick<Channel, 'remote' | 'local' | 'tls'>
  readonly #options: Http2Options
  readonly #idle = new Deadline(() => this.drain())
  readonly #linger: Deadline
  #open = 0

  constructor(
    { socket, transport, bytes }: Detached,
    ends: Pick<Channel, 'remote' | 'local' | 'tls'>,
    options: Http2Options,
  ) {
    this.#ends = ends
    this.#options = options
    this.#linger = new Deadline(() => transport.destroy())
    if (bytes.length > 0) socket.unshift(bytes)
    // A TLS socket that no server of Node's has made still says this when it is secure.
    Reflect.set(socket, 'secureConnecting', false)
    const session = performServerHandshake(socket, sessionOptions)
    this.#session = session
    session.setLocalWindowSize(connectionWindow)
    session.on('stream', (stream, _headers, _flags, rawHeaders) => this.#serve(stream, rawHeaders))
    session.on('goaway', () => this.#finishIfDone())
    session.on('error', (error: Error) => {
      options.onFault(`HTTP/2 connection: ${error.message}`)
      this.#linger.start(lingerMs)
    })
    // A client that has closed its side can neither ask for more nor open its window.
    socket.once('end', () => {
      session.destroy()
      this.#linger.start(lingerMs)
    })
    socket.once('close', () => {
      this.#idle[Symbol.dispose]()
      this.#linger[Symbol.dispose]()
    })
    this.#idle.start(options.headTimeoutMs)
    // The session takes what is there already in the next tick, and then expects the socket to be read.
    process.nextTick(() => socket.read(0))
  }

  drain(): void {
    this.#session.close()
    this.#finishIfDone()
  }

  /** The client is told which of its requests are still answered. */
  retire(): void {
    this.drain()
  }

  #serve(stream: ServerHttp2Stream, rawHeaders: readonly string[]): void {
    this.#open += 1
    this.#idle.stop()
    stream.on('close', () => {
      this.#open -= 1
      if (this.#open > 0) return
      if (!this.#session.closed) this.#idle.start(this.#options.keepAliveTimeoutMs())
      this.#finishIfDone()
    })
    const request = http1RequestText(rawHeaders, { hasBody: !stream.endAfterHeaders })
    this.#options.serve(new StreamChannel(stream, request, this.#ends))
  }

  /** The session closes by itself after its last stream; that its client does so, too, is not certain. */
  #finishIfDone(): void {
    if (this.#session.closed && this.#open === 0) this.#linger.start(lingerMs)
  }
}
