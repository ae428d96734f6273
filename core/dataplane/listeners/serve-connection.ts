import { messageOf } from '#core/base/errors.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import type { NetChannel } from '#core/dataplane/channel/net-channel.ts'
import type { HttpConnection } from '#core/dataplane/http/http-context.ts'
import { serveHttp } from '#core/dataplane/http/serve-http.ts'
import type { UpstreamPool } from '#core/dataplane/http/upstream-pool.ts'
import { serveStream } from '#core/dataplane/stream/serve-stream.ts'
import type { DialRequest } from '#core/dataplane/upstreams/dial.ts'
import type { HttpListener } from '#core/model/listener.ts'
import type { ConnectionInfo, Observer } from '#core/model/observer.ts'
import { watchFirstBytes } from './first-bytes.ts'
import type { RunningListener } from './listener-set.ts'
import { terminateTls } from './terminate-tls.ts'

export interface ConnectionContext {
  readonly listener: RunningListener
  readonly dial: (request: DialRequest) => Promise<Channel>
  readonly observer: Observer
  readonly upstreams: UpstreamPool
  /** Called when the connection turned out to be one that can be asked to finish. */
  readonly onHttp: (http: HttpConnection) => void
}

/** Serves an accepted connection in the way its listener is configured at this moment. */
export function serveConnection(
  channel: NetChannel,
  connection: ConnectionInfo,
  context: ConnectionContext,
): void {
  const { config } = context.listener
  if (config.kind === 'stream') {
    void serveStream(channel, connection, { ...context, listener: config })
  } else if (config.identities === undefined) {
    startHttp(channel, connection, { ...context, config, encrypted: false })
  } else {
    void serveHttps(channel, connection, { ...context, config, encrypted: true })
  }
}

interface HttpStart extends ConnectionContext {
  /** As it was when the connection was accepted. */
  readonly config: HttpListener
  readonly encrypted: boolean
}

function startHttp(channel: Channel, connection: ConnectionInfo, start: HttpStart): void {
  const { listener, encrypted, dial, observer, upstreams } = start
  let latest = start.config
  const http = serveHttp(channel, connection, {
    get listener() {
      if (listener.config.kind === 'http') latest = listener.config
      return latest
    },
    encrypted,
    dial,
    observer,
    upstreams,
  })
  start.onHttp(http)
}

async function serveHttps(
  channel: NetChannel,
  connection: ConnectionInfo,
  start: HttpStart,
): Promise<void> {
  const { identities, settings } = start.config
  const first = await watchFirstBytes(channel, settings.handshakeTimeoutMs).seen
  if (first.kind === 'gone') return
  if (first.kind === 'plain' || identities === undefined) {
    start.observer.fault(connection, 'The client did not begin a TLS handshake')
    return channel.close()
  }
  const { serverName, alpn } = first.hello
  try {
    const secured = await terminateTls(channel, {
      identities,
      serverName,
      // A client that offers only others is served nevertheless, without ALPN, as nginx does.
      alpn: alpn.includes('http/1.1') ? ['http/1.1'] : [],
      timeoutMs: settings.handshakeTimeoutMs,
    })
    startHttp(secured, connection, start)
  } catch (error) {
    start.observer.fault(connection, messageOf(error))
  }
}
