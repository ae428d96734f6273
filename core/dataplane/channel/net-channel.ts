import type { OnReadOpts, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { unmapped } from '#core/base/cidr.ts'
import type { Channel, Sink, TlsSession } from '#core/dataplane/channel/channel.ts'
import type { SocketAddress } from '#core/model/address.ts'
import { Outlet } from './outlet.ts'

// One buffer serves every socket: libuv fills it and calls back before it reads from the next.
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024)

/** A detached socket and the bytes that were received from it but not delivered. */
export interface Detached {
  readonly socket: Socket
  /** The TCP socket: under TLS it is the one below. */
  readonly transport: Socket
  readonly bytes: Buffer
}

/** Where a socket that is made before its channel delivers what it reads. */
export class Inlet {
  /** Takes bytes that are valid only during the call; false = stop reading. */
  receive: (bytes: Buffer) => boolean = () => {
    throw new Error('A socket was read before it had a channel')
  }

  readonly onread: OnReadOpts = {
    buffer: readBuffer,
    callback: (length) => this.receive(readBuffer.subarray(0, length)),
  }
}

/**
 * A channel over Node's own sockets.
 *
 * A failed write does not tear the connection down at once, as it would in `net.Socket`: a peer that answers and
 * closes without reading what it was sent causes a reset, and its answer still waits in the kernel. The channel goes
 * on reading up to the end and only then reports the fault.
 */
export class NetChannel implements Channel {
  readonly remote: SocketAddress
  readonly local: SocketAddress
  readonly tls: TlsSession | undefined

  readonly #socket: Socket
  /** The TCP socket: under TLS it is the one below. */
  readonly #transport: Socket
  readonly #outlet: Outlet
  #sink: Sink | undefined
  #paused = true
  /** Received, not yet delivered, in order. */
  #kept: Buffer[] = []
  #deliveryScheduled = false
  #ended = false
  #endDelivered = false
  #closing = false
  #socketClosed = false
  #closedDelivered = false
  #fault: Error | undefined
  #bytesRead = 0
  #lingerTimer: NodeJS.Timeout | undefined
  #lingerUntilMs = 0

  /** @param socket connected, paused, with `allowHalfOpen`, made with `inlet.onread`. */
  static overTcp(socket: Socket, inlet: Inlet): NetChannel {
    const channel = new NetChannel(socket, socket)
    inlet.receive = (bytes) => channel.#received(bytes)
    return channel
  }

  /** @param socket paused, handshake done; `transport` is the TCP socket below it. */
  static overTls(socket: TLSSocket, transport: Socket): NetChannel {
    const channel = new NetChannel(socket, transport)
    socket.on('data', channel.#onData)
    return channel
  }

  private constructor(socket: Socket, transport: Socket) {
    this.#socket = socket
    this.#transport = transport
    this.remote = endOf(transport.remoteAddress, transport.remotePort)
    this.local = endOf(transport.localAddress, transport.localPort)
    this.tls = socket instanceof TLSSocket ? sessionOf(socket) : undefined
    this.#outlet = new Outlet(socket, {
      onDrain: () => {
        if (!this.#closing) this.#sink?.onDrain()
      },
      // What is left to read comes first.
      onFault: (fault) => {
        if (this.#ended && !socket.destroyed) socket.destroy(fault)
      },
    })
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    this.#ended = socket.readableEnded
    if (socket.closed) this.#onClose()
  }

  get bytesRead(): number {
    return this.#bytesRead
  }

  get bytesWritten(): number {
    return this.#outlet.writtenBytes
  }

  open(sink: Sink): void {
    this.#sink = sink
    this.#endDelivered = false
    this.#closedDelivered = false
    this.resume()
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#closing) return
    this.#kept.unshift(Buffer.from(bytes))
    this.#scheduleDelivery()
  }

  pause(): void {
    if (this.#paused || this.#closing) return
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    if (this.#kept.length > 0 || this.#ended || this.#socketClosed) this.#scheduleDelivery()
    else if (!this.#socket.destroyed) this.#socket.resume()
  }

  write(bytes: Uint8Array): boolean {
    return this.#outlet.write(bytes)
  }

  end(): void {
    if (!this.#socket.writableEnded) this.#socket.end()
  }

  close(): void {
    if (this.#closing) return
    this.#discardInput()
    if (this.#socketClosed) return this.#scheduleDelivery()
    this.end()
    // Closing a TCP socket with unread bytes makes the kernel send a reset, which can overtake what was just written.
    // So the peer is given a moment to finish, and what it still sends is thrown away.
    this.#lingerUntilMs = performance.now() + lingerLimitMs
    this.#lingerTimer = setTimeout(() => this.#lingered(), lingerIdleMs)
    this.#lingerTimer.unref()
    if (this.#socket.destroyed) return
    this.#socket.resume()
  }

  reset(): void {
    this.#discardInput()
    if (this.#socketClosed) return this.#scheduleDelivery()
    const { writableEnded, writableFinished, writableLength } = this.#socket
    if (!writableEnded || writableFinished || writableLength > 0) {
      // Under TLS the upper socket follows by itself; destroying it before the lower one is gone crashes Node 26.
      this.#transport.resetAndDestroy()
    } else if (this.#socket === this.#transport) {
      // The shutdown is under way, which takes a moment, and libuv cannot reset until then.
      this.#socket.once('finish', () => this.#socket.resetAndDestroy())
    } else {
      this.#transport.destroy()
    }
  }

  /**
   * Gives the socket up: the channel is dead afterwards and calls nobody. Only while paused, before anything was
   * written.
   */
  detach(): Detached {
    const bytes = this.#kept.length === 1 ? this.#kept[0]! : Buffer.concat(this.#kept)
    this.#kept = []
    this.#sink = undefined
    this.#socketClosed = true
    const socket = this.#socket
    socket.off('data', this.#onData)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
    this.#outlet.release()
    return { socket, transport: this.#transport, bytes }
  }

  /** Takes bytes from the socket; false = stop reading. */
  #received(bytes: Buffer): boolean {
    this.#bytesRead += bytes.length
    if (this.#closing) {
      if (performance.now() < this.#lingerUntilMs) this.#lingerTimer?.refresh()
      return true
    }
    if (this.#paused || this.#kept.length > 0 || this.#sink === undefined) {
      // Node's resume() may start reading once more after a pause() in the same turn.
      this.#kept.push(Buffer.from(bytes))
    } else {
      this.#sink.onBytes(bytes)
    }
    return !this.#paused
  }

  #scheduleDelivery(): void {
    if (this.#deliveryScheduled) return
    this.#deliveryScheduled = true
    queueMicrotask(() => {
      this.#deliveryScheduled = false
      this.#deliver()
    })
  }

  #deliver(): void {
    const sink = this.#sink
    if (sink === undefined || this.#closedDelivered) return
    while (!this.#paused && this.#kept.length > 0) {
      this.#sink?.onBytes(this.#kept.shift()!)
    }
    if (!this.#paused && this.#ended && !this.#endDelivered && this.#kept.length === 0) {
      this.#endDelivered = true
      if (!this.#closing) this.#sink?.onEnd()
    }
    const undelivered = this.#kept.length > 0 || (this.#ended && !this.#endDelivered)
    if (this.#socketClosed && (this.#closing || !undelivered)) {
      this.#closedDelivered = true
      const complete = this.#closing && this.#outlet.queuedBytes === 0
      this.#sink?.onClosed(complete ? undefined : this.#fault)
      return
    }
    if (!this.#paused && !this.#ended && !this.#socket.destroyed) this.#socket.resume()
  }

  #onData = (bytes: Buffer): void => {
    if (!this.#received(bytes)) this.#socket.pause()
  }

  #onEnd = (): void => {
    this.#ended = true
    // A reset that the peer sent before the handshake's last bytes reached it looks like an end, and all later writes
    // through Node's TLS are never called back. An empty write below it brings the reset to light.
    if (this.#socket !== this.#transport) this.#transport.write(nothing)
    this.#deliver()
    if (this.#outlet.fault !== undefined) this.#socket.destroy(this.#outlet.fault)
  }

  #onError = (error: Error): void => {
    this.#fault ??= error
  }

  #onClose = (): void => {
    clearTimeout(this.#lingerTimer)
    this.#socketClosed = true
    this.#fault ??= this.#outlet.fault
    if (this.#deliveryScheduled) return
    this.#deliver()
  }

  #discardInput(): void {
    this.#closing = true
    this.#paused = false
    this.#kept = []
  }

  #lingered(): void {
    if (this.#outlet.queuedBytes > 0 && performance.now() < this.#lingerUntilMs) {
      this.#lingerTimer?.refresh()
      return
    }
    this.#transport.destroy()
  }
}

const nothing = Buffer.alloc(0)

const lingerIdleMs = 2000
const lingerLimitMs = 30_000

function endOf(address: string | undefined, port: number | undefined): SocketAddress {
  return { address: unmapped(address ?? ''), port: port ?? 0 }
}

function sessionOf(socket: TLSSocket): TlsSession {
  const { servername, alpnProtocol } = socket as { servername?: unknown; alpnProtocol: unknown }
  return {
    serverName: typeof servername === 'string' && servername !== '' ? servername : undefined,
    alpn: typeof alpnProtocol === 'string' ? alpnProtocol : undefined,
    protocol: socket.getProtocol() ?? 'unknown',
  }
}
