import type { Socket } from 'node:net'
import { connect, TLSSocket, type ConnectionOptions, type SecureContext } from 'node:tls'
import { NetChannel } from './net-channel.ts'

export interface ServerTls {
  readonly secureContext: SecureContext
  /** Protocols to agree on; empty = ALPN is not answered. */
  readonly alpn: readonly string[]
  /** Calls the handshake off. */
  readonly signal: AbortSignal
}

/**
 * Becomes a TLS server on a connection; bytes kept by `unread` go to the handshake first. The plain channel is used up,
 * also by a failure, which closes the connection.
 * @throws Error when the handshake fails.
 */
export function startServerTls(channel: NetChannel, tls: ServerTls): Promise<NetChannel> {
  const { socket, bytes } = channel.detach()
  if (bytes.length > 0) socket.unshift(bytes)
  const secured = new TLSSocket(socket, {
    isServer: true,
    secureContext: tls.secureContext,
    ...keepInKernel,
    ...(tls.alpn.length > 0 ? { ALPNProtocols: [...tls.alpn] } : {}),
  })
  return handshake(secured, socket, { doneEvent: 'secure', signal: tls.signal })
}

export interface ClientTls {
  readonly options: ConnectionOptions
  /** Calls the handshake off. */
  readonly signal: AbortSignal
}

/**
 * Becomes a TLS client on a connection; the plain channel is used up, also by a failure, which closes the connection.
 * @throws Error when the handshake fails.
 */
export function startClientTls(channel: NetChannel, tls: ClientTls): Promise<NetChannel> {
  const { socket } = channel.detach()
  const secured = connect({ ...tls.options, ...keepInKernel, socket })
  return handshake(secured, socket, { doneEvent: 'secureConnect', signal: tls.signal })
}

/**
 * What arrives while a channel is paused stays in the kernel rather than in the stream, which would throw it away when
 * the connection breaks.
 */
const keepInKernel: object = { highWaterMark: 1 }

async function handshake(
  secured: TLSSocket,
  transport: Socket,
  { doneEvent, signal }: { readonly doneEvent: string; readonly signal: AbortSignal },
): Promise<NetChannel> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onClose = (): void => reject(new Error('the peer closed the connection'))
  const onAbort = (): void => reject(new Error('it took too long'))
  secured.pause()
  secured.on(doneEvent, resolve).on('end', onClose).on('close', onClose).on('error', reject)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) onAbort()
    await promise
    return NetChannel.overTls(secured, transport)
  } catch (error) {
    // It is given up: its later errors concern nobody.
    secured.on('error', () => {})
    transport.on('error', () => {})
    secured.destroy()
    transport.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    secured.off(doneEvent, resolve).off('end', onClose).off('close', onClose).off('error', reject)
  }
}
