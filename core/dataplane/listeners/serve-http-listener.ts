import { messageOf } from '#core/base/errors.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import type { NetChannel } from '#core/dataplane/channel/net-channel.ts'
import type { HttpConnection, HttpContext } from '#core/dataplane/http/http-context.ts'
import { serveHttp } from '#core/dataplane/http/serve-http.ts'
import { awaitPreface } from '#core/dataplane/http2/await-preface.ts'
import { nameHttp2Requests } from '#core/dataplane/http2/name-http2-requests.ts'
import type { ServerIdentities } from '#core/model/identity.ts'
import type { HttpListener } from '#core/model/listener.ts'
import type { MeshAuthority } from '#core/model/mesh.ts'
import type { ConnectionInfo } from '#core/model/observer.ts'
import { watchFirstBytes } from './first-bytes.ts'
import type { RunningListener } from './listener-set.ts'
import { readOffer } from './read-offer.ts'
import { recognisePeer } from './recognise-peer.ts'
import { refusePlainHttp } from './refuse-plain-http.ts'
import { terminateTls } from './terminate-tls.ts'

/** What a connection needs that is served by whichever listener accepted it. */
export interface HttpListenerContext extends Omit<
  HttpContext,
  'listener' | 'encrypted' | 'arrival'
> {
  readonly listener: RunningListener
  /** Called when the connection turned out to be one that can be asked to finish. */
  readonly onHttp: (http: HttpConnection, claim?: MeshClaim) => void
}

/** What a client said of its belonging to a mesh. */
export interface MeshClaim {
  /** The protocols that it offered, and prefers to those of any other client. */
  readonly offered: readonly string[]
  /** By which authority it is a member. */
  readonly member: MeshAuthority | undefined
}

interface HttpStart {
  /** By which authority the client is a member of the mesh. */
  readonly member?: MeshAuthority
  /** Protocols that the client offered, and prefers to those of any other client. */
  readonly offered?: readonly string[]
  readonly channel: NetChannel
  readonly connection: ConnectionInfo
  readonly context: HttpListenerContext
  /** As it was when the connection was accepted. */
  readonly config: HttpListener
}

/** Serves HTTP/1.1 or HTTP/2, with TLS or without, as the listener says. */
export function serveHttpListener(
  channel: NetChannel,
  connection: ConnectionInfo,
  context: HttpListenerContext,
  config: HttpListener,
): void {
  const start: HttpStart = { channel, connection, context, config }
  if (config.identities !== undefined) void startTls(start, config.identities)
  else if (config.http2 === true) void startHttp2(start, { encrypted: false })
  else startHttp1(channel, start, { encrypted: false })
}

async function startTls(start: HttpStart, identities: ServerIdentities): Promise<void> {
  const { channel, connection, context, config } = start
  const { settings } = config
  const first = await watchFirstBytes(channel, settings.handshakeTimeoutMs).seen
  if (first.kind === 'gone') return
  if (first.kind === 'plain') return startWithoutTls(start, first.firstByte)
  const { serverName, alpn } = first.hello
  const { before: offered, chosen } = readOffer(
    alpn,
    config.http2 === true ? ['h2', 'http/1.1'] : ['http/1.1'],
  )
  try {
    const member = await recognisePeer(channel, offered, context.surroundings)
    const secured = await terminateTls(channel, {
      identities,
      serverName,
      // A client that offers only others is served nevertheless, without ALPN, as nginx does.
      alpn: chosen === undefined ? [] : [chosen],
      member,
      timeoutMs: settings.handshakeTimeoutMs,
    })
    if (member !== undefined) {
      startHttp1(secured, { ...start, member, offered }, { encrypted: true })
    } else if (secured.tls?.alpn === 'h2') {
      await startHttp2({ ...start, channel: secured }, { encrypted: true })
    } else startHttp1(secured, { ...start, offered }, { encrypted: true })
  } catch (error) {
    context.observer.fault(connection, messageOf(error))
  }
}

function startWithoutTls(start: HttpStart, firstByte: number | undefined): void {
  const { channel, connection, context, config } = start
  context.observer.fault(connection, 'The client did not begin a TLS handshake')
  // Whoever says nothing, or tries TLS, would not understand an answer.
  if (firstByte === undefined || firstByte === handshakeRecord) return channel.close()
  const { listener: _listener, onHttp, ...rest } = context
  onHttp(
    serveHttp(channel, connection, {
      ...rest,
      listener: refusePlainHttp(config),
      encrypted: false,
      arrival: 'client',
    }),
  )
}

const handshakeRecord = 22

async function startHttp2(
  start: HttpStart,
  { encrypted }: { readonly encrypted: boolean },
): Promise<void> {
  const { channel, connection, context, config } = start
  // Loading Node's HTTP/2 takes as long as many a node's whole start: only here.
  const [begun, { serveHttp2 }] = await Promise.all([
    awaitPreface(channel, config.settings.headTimeoutMs),
    import('#core/dataplane/http2/serve-http2.ts'),
  ])
  if (begun === undefined) return
  if (!begun) {
    context.observer.fault(connection, 'The client did not begin with the HTTP/2 preface')
    return channel.close()
  }
  const observer = nameHttp2Requests(context.observer)
  const http = httpContext({ ...start, context: { ...context, observer } }, encrypted)
  context.onHttp(
    serveHttp2(channel, {
      headTimeoutMs: config.settings.headTimeoutMs,
      keepAliveTimeoutMs: () => http.listener.settings.keepAliveTimeoutMs,
      serve: (stream) => void serveHttp(stream, connection, http),
      onFault: (message) => context.observer.fault(connection, message),
    }),
  )
}

function startHttp1(
  channel: Channel,
  start: HttpStart,
  { encrypted }: { readonly encrypted: boolean },
): void {
  const { connection, context, member, offered = [] } = start
  const http = serveHttp(channel, connection, httpContext(start, encrypted))
  context.onHttp(http, { member, offered })
}

function httpContext({ context, config, member }: HttpStart, encrypted: boolean): HttpContext {
  const { listener, onHttp: _onHttp, ...rest } = context
  let latest = config
  return {
    ...rest,
    get listener() {
      if (listener.config.kind === 'http') latest = listener.config
      return latest
    },
    encrypted,
    arrival: member === undefined ? 'client' : 'mesh-peer',
  }
}
