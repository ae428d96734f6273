import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { MeshError } from '#core/base/errors.ts'
import type { LogLevel } from '#core/base/log.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { Observer } from '#core/model/observer.ts'
import type { Snapshot } from '#core/model/snapshot.ts'
import type { TargetHealth } from '#core/model/target-pool.ts'
import { adoptSocket } from './channel/adopt-socket.ts'
import type { HttpConnection } from './http/http-context.ts'
import { UpstreamPool } from './http/upstream-pool.ts'
import { ListenerSet, type RunningListener } from './listeners/listener-set.ts'
import { isLoop, LoopGuard } from './listeners/loop-guard.ts'
import { OpenSockets } from './listeners/open-sockets.ts'
import { serveConnection } from './listeners/serve-connection.ts'
import type { MeshClaim } from './listeners/serve-http-listener.ts'
import { chooseAuthority } from './mesh/choose-authority.ts'
import { membershipKey } from './mesh/membership-key.ts'
import { MeshDialer } from './mesh/mesh-dialer.ts'
import { surroundingsOf, type Surroundings } from './mesh/surroundings.ts'
import { openAddressChooser, type RunningAddressChooser } from './upstreams/open-address-chooser.ts'

/** The running proxy: listeners, connections and nothing about who configured them. */
export interface Dataplane extends AsyncDisposable {
  /**
   * Opens listeners that are new, closes those that are gone, and swaps the configuration of the rest between two
   * connections (http: two requests). All or nothing: when a new listener cannot be bound, the old snapshot stays.
   * @throws MeshError `listen-failed` naming each address that could not be bound and why.
   */
  apply(snapshot: Snapshot): Promise<void>
  /** Stops accepting and resolves when the last connection has finished or `timeoutMs` has passed. */
  drain(timeoutMs: number): Promise<'drained' | 'timeout'>
  readonly counters: Counters
  /** Health of a pool's targets, in the order of the pool; empty for a pool that is not in the snapshot. */
  health(poolId: string): readonly TargetHealth[]
  /** Where the snapshot's listeners are bound, in its order. */
  readonly listening: readonly SocketAddress[]
}

export interface Counters {
  readonly accepted: number
  readonly active: number
  readonly requests: number
}

/** Opens a data plane without listeners. Disposing of it cuts all connections. */
export function openDataplane(options: DataplaneOptions): Dataplane {
  return new RunningDataplane(options)
}

export interface DataplaneOptions {
  readonly observer: Observer
  /** Takes lines that concern no connection: changed health of a target, a name that cannot be resolved. */
  readonly report?: (level: LogLevel, message: string) => void
}

class RunningDataplane implements Dataplane {
  readonly #observer: Observer
  readonly #listeners = new ListenerSet((socket, listener) => this.#accept(socket, listener))
  readonly #clients = new OpenSockets()
  readonly #dialled = new OpenSockets()
  readonly #http = new Map<HttpConnection, HttpOrigin>()
  readonly #upstreams = new UpstreamPool()
  readonly #dialer = new MeshDialer()
  /** In loops that lead through other nodes, the name of one that was given no other. */
  readonly #name = randomUUID()
  readonly #chooser: RunningAddressChooser
  #snapshot: Snapshot = { version: '', listeners: [] }
  #surroundings: Surroundings = surroundingsOf({}, this.#name)
  readonly #loopGuard = new LoopGuard()
  #accepted = 0
  #requests = 0
  #draining = false
  /** Changes run one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  constructor({ observer, report }: DataplaneOptions) {
    this.#chooser = openAddressChooser({ report })
    this.#observer = observed(observer, () => {
      this.#requests += 1
    })
  }

  get counters(): Counters {
    return { accepted: this.#accepted, active: this.#clients.size, requests: this.#requests }
  }

  get listening(): readonly SocketAddress[] {
    return this.#listeners.listening
  }

  health(poolId: string): readonly TargetHealth[] {
    return this.#chooser.health(poolId)
  }

  apply(snapshot: Snapshot): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#draining) throw new MeshError('closed', 'The data plane is shutting down')
      await this.#applyWithPools(snapshot)
      for (const [http, { listener, claim }] of this.#http) {
        if (listener.retired) http.drain()
        else if (this.#isOutdated(claim)) http.retire()
      }
    })
  }

  /** While routes change, those of both snapshots find their pools. */
  async #applyWithPools(next: Snapshot): Promise<void> {
    const before = this.#snapshot
    const names = new Set(next.pools?.map(({ name }) => name))
    const leaving = (before.pools ?? []).filter(({ name }) => !names.has(name))
    const surroundings = this.#surroundings
    this.#chooser.apply({ ...next, pools: [...(next.pools ?? []), ...leaving] })
    this.#surroundings = surroundingsOf(next, this.#name, surroundings.joining)
    try {
      await this.#listeners.apply(next.listeners)
    } catch (error) {
      this.#chooser.apply(before)
      this.#surroundings = surroundings
      throw error
    }
    this.#snapshot = next
    if (surroundings.joining !== this.#surroundings.joining) surroundings.joining?.end()
    if (membershipKey(before.mesh) !== membershipKey(next.mesh)) this.#upstreams.clear()
    if (leaving.length > 0) this.#chooser.apply(next)
  }

  /**
   * Whether a peer was taken for a member by an authority that has lost its authority since, or for anybody by a node that
   * was no member yet: a client that keeps such a connection would stay what it is not.
   */
  #isOutdated(claim: MeshClaim | undefined): boolean {
    if (claim === undefined) return false
    const { member, offered } = claim
    const { mesh } = this.#surroundings
    return member === undefined
      ? chooseAuthority(mesh, offered) !== undefined
      : chooseAuthority(mesh, [member.protocol]) === undefined
  }

  async drain(timeoutMs: number): Promise<'drained' | 'timeout'> {
    await this.#stopAccepting()
    for (const http of this.#http.keys()) http.drain()
    const { promise, resolve } = Promise.withResolvers<'timeout'>()
    const timer = setTimeout(resolve, timeoutMs, 'timeout')
    const empty = this.#clients.empty().then(() => 'drained' as const)
    const outcome = await Promise.race([empty, promise])
    clearTimeout(timer)
    return outcome
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stopAccepting()
    this.#surroundings.joining?.end()
    this.#upstreams[Symbol.dispose]()
    this.#clients.destroyAll()
    this.#dialled.destroyAll()
    await Promise.all([this.#clients.empty(), this.#dialled.empty()])
    await this.#chooser[Symbol.asyncDispose]()
  }

  #stopAccepting(): Promise<void> {
    this.#draining = true
    return this.#inTurn(() => this.#listeners.close())
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change)
    this.#last = done.catch(() => {})
    return done
  }

  #accept(accepted: Socket, listener: RunningListener): void {
    // The client may have left while it waited to be accepted.
    if (accepted.remoteAddress === undefined) return void accepted.destroy()
    this.#accepted += 1
    const client: { http?: HttpConnection; gone: boolean } = { gone: false }
    const channel = adoptSocket(accepted, {
      onAdopted: (socket) =>
        this.#clients.add(socket, () => {
          client.gone = true
          if (client.http !== undefined) this.#http.delete(client.http)
        }),
    })
    const connection = { id: this.#accepted, client: channel.remote, destination: channel.local }
    this.#observer.accepted(connection)

    const { config, key } = listener
    const passage = this.#loopGuard.passage(connection.client, key, connection.destination)
    if (isLoop(passage, config.kind === 'stream' || config.transparent ? 'once' : 'some')) {
      this.#observer.fault(connection, `Loop: the proxy dialled itself (${passage.join(' -> ')})`)
      return channel.reset()
    }
    serveConnection(channel, connection, {
      listener,
      observer: this.#observer,
      upstreams: this.#upstreams,
      chooser: this.#chooser,
      surroundings: () => this.#surroundings,
      dial: (request) =>
        this.#dialer.dial(request, this.#surroundings.mesh, {
          onConnecting: (socket) => {
            this.#dialled.add(socket)
            this.#loopGuard.remember(socket, passage)
          },
        }),
      onHttp: (http, claim) => {
        if (client.gone) return
        client.http = http
        this.#http.set(http, { listener, claim })
        if (this.#draining || listener.retired) http.drain()
        else if (this.#isOutdated(claim)) http.retire()
      },
    })
  }
}

/** How an HTTP connection came. */
interface HttpOrigin {
  readonly listener: RunningListener
  /** Of a client that came by TLS. */
  readonly claim: MeshClaim | undefined
}

/** An observer that also counts requests. */
function observed(observer: Observer, onRequest: () => void): Observer {
  return {
    accepted: (connection) => observer.accepted(connection),
    terminatingTls: (connection, serverName) => observer.terminatingTls(connection, serverName),
    unrouted: (connection, what) => observer.unrouted(connection, what),
    dialing: (connection, attempt, target) => observer.dialing(connection, attempt, target),
    dialFailed: (connection, attempt, target, reason) =>
      observer.dialFailed(connection, attempt, target, reason),
    fault: (connection, message) => observer.fault(connection, message),
    streamFinished: (record) => observer.streamFinished(record),
    requestFinished: (record) => {
      onRequest()
      observer.requestFinished(record)
    },
  }
}
