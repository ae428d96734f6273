import type { NetChannel } from '#core/dataplane/channel/net-channel.ts'
import { serveStream } from '#core/dataplane/stream/serve-stream.ts'
import type { Listener } from '#core/model/snapshot.ts'
import type { ConnectionInfo } from '#core/model/observer.ts'
import { isTrusted } from '#core/dataplane/http/trusted-peers.ts'
import { awaitProxyHeader } from './await-proxy-header.ts'
import { serveHttpListener, type HttpListenerContext } from './serve-http-listener.ts'

export type ConnectionContext = HttpListenerContext

/** Serves an accepted connection in the way its listener is configured at this moment. */
export function serveConnection(
  channel: NetChannel,
  connection: ConnectionInfo,
  context: ConnectionContext,
): void {
  const { config } = context.listener
  if (config.proxyProtocol === true) void serveAnnounced(channel, connection, context, config)
  else serve(channel, connection, context, config)
}

function serve(
  channel: NetChannel,
  connection: ConnectionInfo,
  context: ConnectionContext,
  config: Listener,
): void {
  if (config.kind === 'http') serveHttpListener(channel, connection, context, config)
  else void serveStream(channel, connection, { ...context, listener: config })
}

/** Serves a connection whose first bytes say who is behind it. */
async function serveAnnounced(
  channel: NetChannel,
  connection: ConnectionInfo,
  context: ConnectionContext,
  config: Listener,
): Promise<void> {
  const startedAtMs = performance.now()
  const wantedMs =
    config.kind === 'http' ? config.settings.headTimeoutMs : config.handshakeTimeoutMs
  const timeoutMs = Math.min(wantedMs, longestWaitMs)
  const header = await awaitProxyHeader(channel, timeoutMs)
  if (header.kind === 'read') {
    return serve(channel, announce(connection, header.source, config), context, config)
  }
  const { observer } = context
  if (header.kind === 'malformed') {
    observer.fault(connection, 'The client did not begin with a PROXY header')
  } else if (header.kind === 'late') {
    observer.fault(connection, `The client sent no PROXY header for ${timeoutMs} ms`)
  }
  if (header.kind !== 'gone') channel.close()
  if (config.kind === 'http') return
  observer.streamFinished({
    connection,
    status: header.kind === 'malformed' ? 400 : 200,
    bytesToClient: 0,
    bytesFromClient: channel.bytesRead,
    durationMs: performance.now() - startedAtMs,
  })
}

/** nginx's default for the PROXY header of a stream. */
const longestWaitMs = 30_000

/** For a stream a believed header replaces the client; for HTTP it depends on the settings of each request. */
function announce(
  connection: ConnectionInfo,
  source: ConnectionInfo['announced'],
  config: Listener,
): ConnectionInfo {
  if (source === undefined) return connection
  const announced = { ...connection, announced: source }
  const believed =
    config.kind === 'stream' && isTrusted(config.trustedPeers ?? [], connection.client.address)
  return believed ? { ...announced, client: source } : announced
}
