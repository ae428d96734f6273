import type { Socket } from 'node:net'
import { connect, TLSSocket, type ConnectionOptions, type SecureContext } from 'node:tls'
import { offerTlsKeys } from '#core/tls/key-log.ts'
import { NetChannel } from './net-channel.ts'
import {
  certificateFault,
  HandshakeSecrets,
  RefusedCertificate,
  refusePeer,
} from './refuse-peer.ts'

export interface ServerTls {
  readonly secureContext: SecureContext
  /** Protocols to agree on; empty = ALPN is not answered. */
  readonly alpn: readonly string[]
  /**
   * Whether the client must show a certificate that the context's authorities signed for clients. One that does not
   * gets a fatal alert, and nothing it sends is delivered. Default false.
   */
  readonly verifyClient?: boolean
  /** Calls the handshake off. */
  readonly signal: AbortSignal
}

/**
 * Becomes a TLS server on a connection; bytes kept by `unread` go to the handshake first. The plain channel is used up,
 * also by a failure, which closes the connection.
 * @throws Error when the handshake fails.
 */
export function startServerTls(channel: NetChannel, tls: ServerTls): Promise<NetChannel> {
  const { verifyClient = false } = tls
  const { socket, bytes } = channel.detach()
  if (bytes.length > 0) socket.unshift(bytes)
  const secured = new TLSSocket(socket, {
    isServer: true,
    secureContext: tls.secureContext,
    ...keepInKernel,
    ...(tls.alpn.length > 0 ? { ALPNProtocols: [...tls.alpn] } : {}),
    // Makes OpenSSL refuse clients without a certificate, and only those.
    ...(verifyClient ? { requestCert: true, rejectUnauthorized: true } : {}),
  })
  offerTlsKeys(secured)
  const terms = { doneEvent: 'secure', signal: tls.signal } as const
  if (!verifyClient) return handshake(secured, socket, terms)
  const secrets = new HandshakeSecrets(secured)
  const judge = (): Error | undefined => {
    const fault = certificateFault(secured, 'client')
    if (fault === undefined) return undefined
    refusePeer(secured, socket, { fault, secrets, secretName: 'SERVER_TRAFFIC_SECRET_0' })
    return fault
  }
  // A signature that cannot even be read makes OpenSSL give up, without an alert, before Node asks about it.
  secured.once('_tlsError', () => {
    const fault = secured.getPeerX509Certificate() === undefined ? undefined : judge()
    if (fault !== undefined) secured.destroy(fault)
  })
  return handshake(secured, socket, { ...terms, judge, secrets })
}

export interface ClientTls {
  readonly options: ConnectionOptions
  readonly trust?: ServerTrust | undefined
  /** Calls the handshake off. */
  readonly signal: AbortSignal
}

/** What is shown to a server, and expected of it, as far as that depends on the protocol that it chose. */
export interface ServerTrust {
  /**
   * Whether the certificate of the options is meant for a server that chose this protocol. If it is not, and the server
   * asks for one, the handshake fails by `WithheldCertificate` before anything of it is sent.
   */
  presents(alpn: string | undefined): boolean
  /** Whether the server's certificate must be one that the context's authorities signed for servers. */
  verifies(alpn: string | undefined): boolean
}

/** A server asked for a certificate that was not meant for one that chose this protocol. */
export class WithheldCertificate extends Error {
  readonly alpn: string | undefined

  constructor(alpn: string | undefined) {
    super('the server asked for a certificate that is not meant for it')
    this.name = 'WithheldCertificate'
    this.alpn = alpn
  }
}

/**
 * Becomes a TLS client on a connection; the plain channel is used up, also by a failure, which closes the connection.
 * @throws Error when the handshake fails.
 */
export function startClientTls(channel: NetChannel, tls: ClientTls): Promise<NetChannel> {
  const { trust, signal, options } = tls
  const { socket } = channel.detach()
  const secured = connect({ ...options, ...keepInKernel, socket })
  offerTlsKeys(secured)
  const terms = { doneEvent: 'secureConnect', signal } as const
  if (trust === undefined) return handshake(secured, socket, terms)
  const secrets = watchServer(secured, socket, trust)
  const judge = (): Error | undefined =>
    trust.verifies(chosenProtocol(secured)) ? certificateFault(secured, 'server') : undefined
  return handshake(secured, socket, { ...terms, judge, secrets })
}

/**
 * Looks at a server at the one moment of a handshake when all it says of itself is known and nothing was sent in
 * return: OpenSSL has made, but Node has not yet written, what is to follow the ClientHello.
 */
function watchServer(secured: TLSSocket, transport: Socket, trust: ServerTrust): HandshakeSecrets {
  const secrets = new HandshakeSecrets(secured, (name) => {
    if (!decisiveSecrets.has(name) || secured.destroyed) return
    const alpn = chosenProtocol(secured)
    // OpenSSL knows of common signature algorithms once a server has asked for a certificate.
    const asked = secured.getSharedSigalgs().length > 0
    if (asked && !trust.presents(alpn)) {
      secured.destroy(new WithheldCertificate(alpn))
      return
    }
    const fault = trust.verifies(alpn) ? certificateFault(secured, 'server') : undefined
    if (fault === undefined) return
    refusePeer(secured, transport, {
      fault,
      secrets,
      secretName: 'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
    })
    secured.destroy(fault)
  })
  return secrets
}

/** Of TLS 1.3 and 1.2. */
const decisiveSecrets = new Set(['CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'CLIENT_RANDOM'])

function chosenProtocol(secured: TLSSocket): string | undefined {
  const { _handle: handle }: { _handle?: { getALPNNegotiatedProtocol?: () => unknown } | null } =
    Object(secured)
  const alpn = handle?.getALPNNegotiatedProtocol?.()
  return typeof alpn === 'string' ? alpn : undefined
}

/**
 * What arrives while a channel is paused stays in the kernel rather than in the stream, which would throw it away when
 * the connection breaks.
 */
const keepInKernel: object = { highWaterMark: 1 }

interface HandshakeTerms {
  readonly doneEvent: 'secure' | 'secureConnect'
  readonly signal: AbortSignal
  /** Says, as soon as the handshake is over, why it is worth nothing. */
  readonly judge?: () => Error | undefined
  /** Forgotten when the handshake is over. */
  readonly secrets?: HandshakeSecrets
}

async function handshake(
  secured: TLSSocket,
  transport: Socket,
  { doneEvent, signal, judge, secrets }: HandshakeTerms,
): Promise<NetChannel> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onDone = (): void => {
    const fault = judge?.()
    if (fault === undefined) resolve()
    else reject(fault)
  }
  const onClose = (): void => reject(new Error('the peer closed the connection'))
  const onAbort = (): void => reject(new Error('it took too long'))
  secured.pause()
  secured.on(doneEvent, onDone).on('end', onClose).on('close', onClose).on('error', reject)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) onAbort()
    await promise
    return NetChannel.overTls(secured, transport)
  } catch (error) {
    // It is given up: its later errors concern nobody.
    secured.on('error', () => {})
    transport.on('error', () => {})
    if (error instanceof RefusedCertificate) linger(secured, transport)
    else {
      secured.destroy()
      transport.destroy()
    }
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    secured.off(doneEvent, onDone).off('end', onClose).off('close', onClose).off('error', reject)
    secrets?.[Symbol.dispose]()
  }
}

/** Throws away what the peer still sends, for a moment, lest a reset overtake the alert. */
function linger(secured: TLSSocket, transport: Socket): void {
  const end = (): void => {
    clearTimeout(timer)
    secured.destroy()
    transport.destroy()
  }
  const timer = setTimeout(end, lingerMs).unref()
  secured.once('end', end).once('close', end)
  secured.resume()
}

const lingerMs = 1000
