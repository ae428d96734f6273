import { Socket } from 'node:net'
import { createSecureContext, type ConnectionOptions } from 'node:tls'
import { messageOf } from '#core/base/errors.ts'
import { systemErrorOf } from '#core/base/system-error.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import { Inlet, NetChannel } from '#core/dataplane/channel/net-channel.ts'
import { startClientTls, type ServerTrust } from '#core/dataplane/channel/start-tls.ts'
import { openUpstreamSocket } from '#core/dataplane/socket-options.ts'
import { upstreamMark } from '#core/dataplane/socket-mark.ts'
import { formatAddress, type SocketAddress } from '#core/model/address.ts'
import type { Identity } from '#core/model/identity.ts'
import type { MeshAuthority } from '#core/model/mesh.ts'
import type { SourceAddress, Upstream } from '#core/model/upstream.ts'
import { clientTlsOptions } from '#core/tls/client-options.ts'
import { DialError, type DialFailure } from './dial-error.ts'
import { explainSystemError } from './explain-system-error.ts'

export interface DialRequest {
  /** Literal address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** undefined = the kernel chooses. */
  readonly source?: SourceAddress | undefined
  /** Covers TCP and TLS together, in ms. */
  readonly connectTimeoutMs: number
  /** Present = TLS. */
  readonly tls?: DialTls | undefined
  readonly signal?: AbortSignal | undefined
}

export interface DialTls {
  /** Sent as SNI; undefined = none is sent. An IP literal is never sent. */
  readonly serverName: string | undefined
  /** Offered in order; empty = the extension is not sent. */
  readonly alpn: readonly string[]
  /** Presented when the upstream asks for a certificate. */
  readonly identity?: Identity | undefined
  /** In place of `identity`: this node is introduced as a member of a mesh. */
  readonly member?: MeshAuthority | undefined
  /** What is shown to the upstream and expected of it, as far as that depends on the protocol that it chose. */
  readonly trust?: ServerTrust | undefined
  /** Present = the upstream's certificate must be for this name and come from these authorities. */
  readonly verify?: TlsVerification | undefined
}

export interface TlsVerification {
  readonly name: string
  /** PEM; undefined = those that Node trusts. */
  readonly authorities: readonly string[] | undefined
}

export interface DialHooks {
  /**
   * Called once connect(2) was called, so before the peer can have noticed anything; from then on the socket has a
   * local end.
   */
  readonly onConnecting?: (socket: Socket) => void
}

/** What a connection to an upstream is dialled from on behalf of a client. */
export function sourceFor(
  { source }: Upstream,
  client: Pick<SocketAddress, 'address'>,
): SourceAddress | undefined {
  return source === 'client' ? { address: client.address, transparent: true } : source
}

/**
 * Opens a connection to an upstream and returns it paused. Like Kong 1.1 it does not check whom the upstream's
 * certificate names, unless it is told to.
 * @throws DialError
 */
export async function dial(request: DialRequest, hooks: DialHooks = {}): Promise<Channel> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), request.connectTimeoutMs)
  const { signal } = deadline
  const giveUp = (): void => deadline.abort()
  request.signal?.addEventListener('abort', giveUp, { once: true })
  const end = { address: request.host, port: request.port }
  const target = formatAddress(end)
  let connected = false
  try {
    if (request.signal?.aborted === true) giveUp()
    const plain = await connectTcp(end, request.source, signal, hooks)
    connected = true
    if (request.tls === undefined) return plain
    const { trust } = request.tls
    return await startClientTls(plain, { options: tlsOptions(request.tls), trust, signal })
  } catch (error) {
    if (request.signal?.aborted === true) {
      throw new DialError('aborted', target, 'it is no longer wanted', { cause: error })
    }
    if (signal.aborted) {
      const reason = 'upstream timed out (110: Connection timed out)'
      throw new DialError('timeout', target, reason, { cause: error })
    }
    if (error instanceof DialError) throw error
    if (connected) {
      const reason = `TLS handshake failed (${messageOf(error)})`
      throw new DialError('tls', target, reason, { cause: error })
    }
    throw new DialError(kindOf(error), target, explainSystemError(error), { cause: error })
  } finally {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', giveUp)
  }
}

function tlsOptions(tls: DialTls): ConnectionOptions {
  const { verify } = tls
  const options = clientTlsOptions(tls)
  if (verify === undefined) return options
  const { authorities } = verify
  const secureContext = createSecureContext({
    minVersion: 'TLSv1.2',
    ...(authorities === undefined ? {} : { ca: [...authorities] }),
    ...(tls.identity === undefined
      ? {}
      : { cert: tls.identity.certificate, key: tls.identity.privateKey }),
  })
  return { ...options, secureContext, rejectUnauthorized: true, host: verify.name }
}

async function connectTcp(
  target: SocketAddress,
  source: SourceAddress | undefined,
  signal: AbortSignal,
  { onConnecting }: DialHooks,
): Promise<NetChannel> {
  const inlet = new Inlet()
  const mark = upstreamMark()
  const bind = source?.transparent === true ? source.address : undefined
  const fd =
    bind === undefined && mark === undefined
      ? undefined
      : openUpstreamSocket(target.address, { bind, mark })
  const socket = new Socket({
    allowHalfOpen: true,
    onread: inlet.onread,
    ...(fd === undefined ? {} : { fd }),
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = (): void => reject(new Error('aborted'))
  socket.on('connect', resolve).on('error', reject)
  signal.addEventListener('abort', onAbort, { once: true })
  socket.pause()
  socket.setNoDelay(true)
  socket.connect({
    host: target.address,
    port: target.port,
    ...(source === undefined || source.transparent ? {} : { localAddress: source.address }),
  })
  // Node calls connect(2) in the next tick.
  if (onConnecting !== undefined) process.nextTick(onConnecting, socket)
  try {
    if (signal.aborted) onAbort()
    await promise
    const channel = NetChannel.overTcp(socket, inlet)
    socket.off('error', reject)
    return channel
  } catch (error) {
    // It is given up: its later errors concern nobody.
    socket.on('error', () => {})
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    socket.off('connect', resolve)
  }
}

function kindOf(error: unknown): DialFailure {
  const code = systemErrorOf(error)?.code
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return 'refused'
  return code === 'ETIMEDOUT' ? 'timeout' : 'unreachable'
}
