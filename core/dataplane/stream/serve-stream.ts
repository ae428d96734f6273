import { messageOf } from '#core/base/errors.ts'
import type { ClientHello } from '#core/codec/client-hello.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import type { NetChannel } from '#core/dataplane/channel/net-channel.ts'
import { watchFirstBytes, type FirstBytes } from '#core/dataplane/listeners/first-bytes.ts'
import { recognisePeer } from '#core/dataplane/listeners/recognise-peer.ts'
import { terminateTls } from '#core/dataplane/listeners/terminate-tls.ts'
import type { Surroundings } from '#core/dataplane/mesh/surroundings.ts'
import type { AddressChooser } from '#core/dataplane/upstreams/address-chooser.ts'
import type { DialRequest } from '#core/dataplane/upstreams/dial.ts'
import type { StreamListener } from '#core/model/listener.ts'
import type { ConnectionInfo, Observer } from '#core/model/observer.ts'
import type { StreamRoute } from '#core/model/stream-route.ts'
import { dialUpstream, type Dialled, type UpstreamWish } from './dial-upstream.ts'
import { relay, type RelayEnd, type RelayLimits } from './relay.ts'
import { SessionInFilters, wantsPreread, type SessionParties } from './session-in-filters.ts'
import { candidatesOf, type StreamCandidates } from './stream-route-index.ts'

export interface StreamContext {
  readonly listener: StreamListener
  /** Opens an upstream connection; rejects with DialError. */
  readonly dial: (request: DialRequest) => Promise<Channel>
  /** Turns the hosts of upstreams into addresses. */
  readonly chooser: AddressChooser
  readonly observer: Observer
  /** What is in force now, whichever listener a connection came to. */
  readonly surroundings: () => Surroundings
}

/** Carries one connection from its first byte to its last. Never rejects. */
export async function serveStream(
  channel: NetChannel,
  connection: ConnectionInfo,
  context: StreamContext,
): Promise<void> {
  const startedMs = performance.now()
  const session = new StreamSession(channel, connection, context)
  let status: number
  try {
    status = await session.run()
  } catch (error) {
    context.observer.fault(connection, messageOf(error))
    session.client.reset()
    status = 500
  }
  const outcome = {
    status,
    bytesToClient: session.client.bytesWritten,
    bytesFromClient: session.client.bytesRead,
    durationMs: performance.now() - startedMs,
  }
  context.observer.streamFinished({ connection, ...outcome })
  session.filtered?.finished(outcome, (fault) => context.observer.fault(connection, fault))
}

class StreamSession {
  /** The plain channel, or after termination the TLS one over it. */
  client: Channel
  /** Present once a route with filters was chosen. */
  filtered: SessionInFilters | undefined
  readonly #plain: NetChannel
  readonly #connection: ConnectionInfo
  readonly #context: StreamContext
  readonly #surroundings: Surroundings
  readonly #startedAt = Date.now()

  constructor(plain: NetChannel, connection: ConnectionInfo, context: StreamContext) {
    this.client = plain
    this.#plain = plain
    this.#connection = connection
    this.#context = context
    this.#surroundings = context.surroundings()
  }

  /** Returns the status for the record, on nginx's scale. */
  run(): Promise<number> {
    const candidates = candidatesOf(this.#context.listener.routes, this.#connection)
    if (!candidates.any) return Promise.resolve(this.#refuse())
    const { preferred, awaitsFirstBytes } = candidates
    return preferred === undefined || awaitsFirstBytes || wantsPreread(preferred)
      ? this.#runAfterFirstBytes(candidates)
      : this.#runAtOnce(preferred, candidates)
  }

  async #runAfterFirstBytes(candidates: StreamCandidates): Promise<number> {
    const first = await watchFirstBytes(this.#plain, this.#context.listener.firstBytesTimeoutMs)
      .seen
    if (first.kind === 'gone') return 200
    const encrypted = first.kind === 'tls'
    const serverName = encrypted ? first.hello.serverName : undefined
    const route = candidates.choose(serverName)
    if (route === undefined) return this.#refuse()
    if (encrypted) await this.#terminate(route, first.hello)
    else this.#showToFilters(route, plainClient)
    const answer = await this.filtered?.preread()
    if (answer !== undefined) return this.#answer(answer)
    const dialled = await this.#dial(route, { encrypted, target: this.filtered?.target })
    if (dialled.kind === 'failed') return this.#fail(dialled.status)
    return this.#relay(route, dialled.channel)
  }

  /**
   * Dials while the client still says nothing, and serves a server that speaks first. A client that begins TLS before
   * the server spoke still gets it.
   */
  async #runAtOnce(route: StreamRoute, { isTlsPort }: StreamCandidates): Promise<number> {
    const acceptedMs = performance.now()
    const clientLeft = new AbortController()
    const watch = watchFirstBytes(this.#plain, this.#context.listener.firstBytesTimeoutMs)
    void watch.seen.then(({ kind }) => kind === 'gone' && clientLeft.abort())
    this.#showToFilters(route, plainClient)
    let dialled = await this.#dial(route, { encrypted: false, signal: clientLeft.signal })
    if (dialled.kind === 'failed') {
      watch.giveUp()
      return (await watch.seen).kind === 'gone' ? 200 : this.#fail(dialled.status)
    }
    const lastHop = isTlsPort && dialled.channel.tls === undefined
    const silentUntilMs = acceptedMs + this.#serverSilenceMs({ lastHop })
    const first = await untilEitherSpeaks(watch, dialled.channel, silentUntilMs)
    if (first.kind === 'gone') {
      dialled.channel.reset()
      return 200
    }
    if (first.kind === 'tls') {
      const replaced = route.upstream.transport === 'same-as-client'
      if (replaced) dialled.channel.close()
      try {
        await this.#terminate(route, first.hello)
      } catch (error) {
        dialled.channel.reset()
        throw error
      }
      if (replaced) dialled = await this.#dial(route, { encrypted: true })
      if (dialled.kind === 'failed') return this.#fail(dialled.status)
    }
    return this.#relay(route, dialled.channel)
  }

  /**
   * How long a server that speaks first is kept from a client that has said nothing. A node of the mesh is about to
   * begin TLS: it must not hear, nor anybody on the way, what is meant to be said under it.
   *
   * @param lastHop whether one is likely: it dials by TLS what is dialled in the clear from here.
   */
  #serverSilenceMs({ lastHop }: { readonly lastHop: boolean }): number {
    const { mesh, joining } = this.#context.surroundings()
    if (mesh === undefined && joining === undefined) return 0
    const { firstBytesTimeoutMs } = this.#context.listener
    return lastHop ? firstBytesTimeoutMs : Math.min(unlikelyPeerMs, firstBytesTimeoutMs)
  }

  #showToFilters(
    route: StreamRoute,
    client: Pick<SessionParties, 'encrypted' | 'serverName' | 'arrival'>,
  ): void {
    if (route.filters === undefined || route.filters.length === 0) return
    this.filtered = new SessionInFilters({
      connection: this.#connection,
      route,
      ...client,
      startedAt: this.#startedAt,
    })
  }

  /** Filters see a client at once, but who claims to be a member of the mesh only after he has proved it. */
  async #terminate(route: StreamRoute, { serverName, alpn }: ClientHello): Promise<void> {
    const { listener, observer } = this.#context
    this.filtered = undefined
    const member = await recognisePeer(this.#plain, alpn, this.#context.surroundings)
    if (member === undefined) {
      this.#showToFilters(route, { encrypted: true, serverName, arrival: 'client' })
    }
    observer.terminatingTls(this.#connection, serverName)
    this.client = await terminateTls(this.#plain, {
      identities: listener.identities,
      serverName,
      alpn: [],
      member,
      timeoutMs: listener.handshakeTimeoutMs,
    })
    if (member !== undefined) {
      this.#showToFilters(route, { encrypted: true, serverName, arrival: 'mesh-peer' })
    }
  }

  #dial(
    { upstream }: StreamRoute,
    wish: Pick<UpstreamWish, 'encrypted' | 'target' | 'signal'>,
  ): Promise<Dialled> {
    const { rewrites } = this.#surroundings
    return dialUpstream(
      { upstream, connection: this.#connection, rewrites, ...wish },
      this.#context,
    )
  }

  async #relay({ upstream: limits }: StreamRoute, upstream: Channel): Promise<number> {
    const end = await relay(this.client, upstream, limits)
    if (end !== 'closed')
      this.#context.observer.fault(this.#connection, explainTimeout(end, limits))
    return 200
  }

  /** Gives the client these bytes and the end. */
  #answer(bytes: Uint8Array): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>()
    const { client } = this
    client.open({
      onBytes: () => {},
      onEnd: () => {},
      onDrain: () => {},
      onClosed: () => resolve(200),
    })
    client.write(bytes)
    client.close()
    return promise
  }

  #refuse(): number {
    this.#context.observer.unrouted(this.#connection, 'stream')
    this.client.close()
    return 500
  }

  #fail(status: number): number {
    this.client.close()
    return status
  }
}

const plainClient = { encrypted: false, serverName: undefined, arrival: 'client' } as const

/** For peers of the mesh to begin TLS where none is expected. */
const unlikelyPeerMs = 100

/** The client's first bytes decide unless the server has spoken, or left, and its silence is over before they come. */
async function untilEitherSpeaks(
  watch: { readonly seen: Promise<FirstBytes>; giveUp(): void },
  upstream: Channel,
  silentUntilMs: number,
): Promise<FirstBytes> {
  let timer: NodeJS.Timeout | undefined
  const serverActs = (): void => {
    const leftMs = silentUntilMs - performance.now()
    if (leftMs <= 0) watch.giveUp()
    else timer ??= setTimeout(() => watch.giveUp(), Math.ceil(leftMs))
  }
  upstream.open({
    onBytes(bytes) {
      upstream.pause()
      upstream.unread(bytes)
      serverActs()
    },
    onEnd: serverActs,
    onDrain: () => {},
    onClosed: serverActs,
  })
  const first = await watch.seen
  clearTimeout(timer)
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
