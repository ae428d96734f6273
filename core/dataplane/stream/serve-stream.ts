import { messageOf } from '#core/base/errors.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import type { NetChannel } from '#core/dataplane/channel/net-channel.ts'
import { watchFirstBytes, type FirstBytes } from '#core/dataplane/listeners/first-bytes.ts'
import { terminateTls } from '#core/dataplane/listeners/terminate-tls.ts'
import type { DialRequest } from '#core/dataplane/upstreams/dial.ts'
import type { StreamListener } from '#core/model/listener.ts'
import type { ConnectionInfo, Observer } from '#core/model/observer.ts'
import type { StreamRoute } from '#core/model/stream-route.ts'
import { candidateRoutes, chooseStreamRoute, decideFirstBytes } from './choose-stream-route.ts'
import { dialUpstream } from './dial-upstream.ts'
import { relay, type RelayEnd, type RelayLimits } from './relay.ts'

export interface StreamContext {
  readonly listener: StreamListener
  /** Opens an upstream connection; rejects with DialError. */
  readonly dial: (request: DialRequest) => Promise<Channel>
  readonly observer: Observer
}

/** Carries one connection from its first byte to its last. Never rejects. */
export async function serveStream(
  channel: NetChannel,
  connection: ConnectionInfo,
  context: StreamContext,
): Promise<void> {
  const startedAtMs = performance.now()
  const session = new StreamSession(channel, connection, context)
  let status: number
  try {
    status = await session.run()
  } catch (error) {
    context.observer.fault(connection, messageOf(error))
    session.client.reset()
    status = 500
  }
  context.observer.streamFinished({
    connection,
    status,
    bytesToClient: session.client.bytesWritten,
    bytesFromClient: session.client.bytesRead,
    durationMs: performance.now() - startedAtMs,
  })
}

class StreamSession {
  /** The plain channel, or after termination the TLS one over it. */
  client: Channel
  readonly #plain: NetChannel
  readonly #connection: ConnectionInfo
  readonly #context: StreamContext

  constructor(plain: NetChannel, connection: ConnectionInfo, context: StreamContext) {
    this.client = plain
    this.#plain = plain
    this.#connection = connection
    this.#context = context
  }

  /** Returns the status for the record, on nginx's scale. */
  run(): Promise<number> {
    const candidates = candidateRoutes(this.#context.listener.routes, this.#connection)
    const preferred = candidates[0]
    if (preferred === undefined) return Promise.resolve(this.#refuse())
    return decideFirstBytes(candidates) === 'at-once'
      ? this.#runAtOnce(preferred)
      : this.#runAfterFirstBytes(candidates)
  }

  async #runAfterFirstBytes(candidates: readonly StreamRoute[]): Promise<number> {
    const first = await watchFirstBytes(this.#plain, this.#context.listener.firstBytesTimeoutMs)
      .seen
    if (first.kind === 'gone') return 200
    const serverName = first.kind === 'tls' ? first.hello.serverName : undefined
    const route = chooseStreamRoute(candidates, serverName)
    if (route === undefined) return this.#refuse()
    if (first.kind === 'tls') await this.#terminate(serverName)
    const upstream = await this.#dial(route, first.kind === 'tls')
    return upstream === undefined ? this.#fail() : this.#relay(route, upstream)
  }

  /**
   * Dials while the client still says nothing, and serves a server that speaks first. A client that begins TLS before
   * the server spoke still gets it.
   */
  async #runAtOnce(route: StreamRoute): Promise<number> {
    const clientLeft = new AbortController()
    const watch = watchFirstBytes(this.#plain, this.#context.listener.firstBytesTimeoutMs)
    void watch.seen.then(({ kind }) => kind === 'gone' && clientLeft.abort())
    let upstream = await this.#dial(route, false, clientLeft.signal)
    if (upstream === undefined) {
      watch.giveUp()
      return (await watch.seen).kind === 'gone' ? 200 : this.#fail()
    }
    const first = await untilEitherSpeaks(watch, upstream)
    if (first.kind === 'gone') {
      upstream.reset()
      return 200
    }
    if (first.kind === 'tls') {
      const replaced = route.upstream.transport === 'same-as-client'
      if (replaced) upstream.close()
      try {
        await this.#terminate(first.hello.serverName)
      } catch (error) {
        upstream.reset()
        throw error
      }
      if (replaced) upstream = await this.#dial(route, true)
      if (upstream === undefined) return this.#fail()
    }
    return this.#relay(route, upstream)
  }

  async #terminate(serverName: string | undefined): Promise<void> {
    const { listener, observer } = this.#context
    observer.terminatingTls(this.#connection, serverName)
    this.client = await terminateTls(this.#plain, {
      identities: listener.identities,
      serverName,
      alpn: [],
      timeoutMs: listener.handshakeTimeoutMs,
    })
  }

  #dial(
    { upstream }: StreamRoute,
    encrypted: boolean,
    signal?: AbortSignal,
  ): Promise<Channel | undefined> {
    const { dial, observer } = this.#context
    const connection = this.#connection
    return dialUpstream({ upstream, connection, encrypted, signal }, { dial, observer })
  }

  async #relay({ upstream: limits }: StreamRoute, upstream: Channel): Promise<number> {
    const end = await relay(this.client, upstream, limits)
    if (end !== 'closed')
      this.#context.observer.fault(this.#connection, explainTimeout(end, limits))
    return 200
  }

  #refuse(): number {
    this.#context.observer.unrouted(this.#connection, 'stream')
    this.client.close()
    return 500
  }

  #fail(): number {
    this.client.close()
    return 502
  }
}

/** The client's first bytes decide unless the server speaks, or leaves, before they are complete. */
async function untilEitherSpeaks(
  watch: { readonly seen: Promise<FirstBytes>; giveUp(): void },
  upstream: Channel,
): Promise<FirstBytes> {
  upstream.open({
    onBytes(bytes) {
      upstream.pause()
      upstream.unread(bytes)
      watch.giveUp()
    },
    onEnd: () => watch.giveUp(),
    onDrain: () => {},
    onClosed: () => watch.giveUp(),
  })
  const first = await watch.seen
  upstream.pause()
  return first
}

function explainTimeout(end: RelayEnd, { readTimeoutMs, writeTimeoutMs }: RelayLimits): string {
  const what =
    end === 'read-timeout'
      ? `no byte moved either way for ${readTimeoutMs} ms`
      : `the upstream took no bytes for ${writeTimeoutMs} ms`
  return `stream timed out (110: Connection timed out): ${what}`
}
