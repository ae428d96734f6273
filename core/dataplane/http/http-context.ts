import type { Channel } from '#core/dataplane/channel/channel.ts'
import type { Surroundings } from '#core/dataplane/mesh/surroundings.ts'
import type { AddressChooser } from '#core/dataplane/upstreams/address-chooser.ts'
import type { DialRequest } from '#core/dataplane/upstreams/dial.ts'
import type { HttpListener } from '#core/model/listener.ts'
import type { Arrival } from '#core/model/mesh.ts'
import type { Observer } from '#core/model/observer.ts'
import type { UpstreamPool } from './upstream-pool.ts'

/** What an HTTP connection needs beside its bytes. */
export interface HttpContext {
  /** The configuration in force: another object after it was swapped, so read it at the start of each request. */
  readonly listener: HttpListener
  /** Whether TLS was terminated on the client's side. */
  readonly encrypted: boolean
  readonly arrival: Arrival
  /** What is in force now, whichever listener a connection came to: read it at the start of each request. */
  readonly surroundings: () => Surroundings
  /** Opens an upstream connection; rejects with DialError. */
  readonly dial: (request: DialRequest) => Promise<Channel>
  /** Turns the hosts of upstreams into addresses. */
  readonly chooser: AddressChooser
  readonly observer: Observer
  /** Idle upstream connections, shared by all connections of a data plane. */
  readonly upstreams: UpstreamPool
}

/** An accepted HTTP connection that is being served. */
export interface HttpConnection {
  /** Finishes the current request, then closes. */
  drain(): void
  /** Finishes the current request, or else the next one, then closes: nothing that is on its way is lost. */
  retire(): void
}
