import { X509Certificate } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { messageOf } from '#core/base/errors.ts'
import type { LogLevel } from '#core/base/log.ts'
import type { ClusterCa } from '#core/kong/entities/cluster-ca.ts'
import { isComplete, membershipOf, type NodeIdentities } from '#core/kong/mesh/membership.ts'
import type { MeshMembership } from '#core/model/mesh.ts'
import type { Store } from '#core/store/store.ts'

export interface MeshKeeperOptions {
  readonly nodeId: string
  readonly log: (level: LogLevel, message: string) => void
  /** What `membership` or `isJoining` says is new. */
  readonly changed: () => void
}

/** Where the authority in force is from. */
export interface MeshSource {
  readonly store: Store
  /** The authority that was read last; undefined = there is none. */
  readonly row: ClusterCa | undefined
  /** Whether this node may make the cluster's authority. */
  readonly mayCreate: boolean
}

/** How long after a failure to try again, in ms. */
const retryMs = 2000

/**
 * A node's certificates as a member of its cluster (Kong 1.1, service mesh), and the cluster's authority where there is
 * none yet. All of it is made behind the back of a node that serves already; until then the node is about to join its mesh.
 */
export class MeshKeeper implements AsyncDisposable {
  readonly #options: MeshKeeperOptions
  readonly #closing = new AbortController()
  #identities: NodeIdentities = new Map()
  /** Counts the changes of `#identities`. */
  #revision = 0
  #stale = false
  /** Made for an authority. Where another node's authority counts, nobody else has seen it, and it is this node's. */
  #spareKey: string | undefined
  #wanted: MeshSource | undefined
  /** A row, as JSON, that no number of attempts makes usable. */
  #unusable = ''
  /** Of the authority, since the start or the last reload. */
  #initialisation: 'due' | 'begun' | 'told' = 'due'
  #announced = ''
  #busy = false
  #working: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #toldFault = ''

  constructor(options: MeshKeeperOptions) {
    this.#options = options
  }

  /** Grows whenever `membership` or `isJoining` may say something new of the same row. */
  get revision(): number {
    return this.#revision
  }

  /** What the node is under the authorities of this row; undefined while it has no certificate of any of them. */
  membership(row: ClusterCa): MeshMembership | undefined {
    return membershipOf(row, { nodeId: this.#options.nodeId, identities: this.#identities })
  }

  /** Whether the node is about to have certificates, and has none yet. */
  isJoining({ row, mayCreate }: Omit<MeshSource, 'store'>): boolean {
    if (row === undefined) return mayCreate
    return this.membership(row) === undefined && JSON.stringify(row) !== this.#unusable
  }

  /** For a new configuration the node gets new certificates; it keeps the old ones until then. */
  renew(): void {
    this.#stale = true
    this.#initialisation = 'due'
  }

  /** Takes notice of what is in force now, and makes what is missing. */
  attend(source: MeshSource): void {
    this.#wanted = source
    if (!this.#busy) this.#working = this.#work()
  }

  /** Tells the log what the data plane goes by from now on. */
  announce(membership: MeshMembership | undefined): void {
    const { log } = this.#options
    if (membership !== undefined && this.#initialisation === 'begun' && !this.#stale) {
      this.#initialisation = 'told'
      log('info', 'cluster ca initialised')
    }
    const [preferred, ...others] = membership?.authorities.map(({ protocol }) => protocol) ?? []
    const also = others.length === 0 ? '' : `, and accepts ${others.join(', ')}`
    const message =
      preferred === undefined
        ? 'this node is no member of a mesh'
        : `this node is a member of the mesh ${preferred}${also}`
    if (message !== this.#announced && (preferred !== undefined || this.#announced !== '')) {
      log('notice', message)
      this.#announced = message
    }
  }

  /** Begins nothing more. */
  stop(): void {
    this.#closing.abort()
    clearTimeout(this.#retry)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop()
    await this.#working
  }

  async #work(): Promise<void> {
    clearTimeout(this.#retry)
    this.#busy = true
    // A node that has just become ready says so first.
    await setImmediate()
    let done: MeshSource | undefined
    // What is wanted may change while something is made.
    while (this.#wanted !== undefined && this.#wanted !== done && !this.#closing.signal.aborted) {
      done = this.#wanted
      try {
        await this.#serve(done)
        this.#toldFault = ''
      } catch (error) {
        if (this.#wanted === done && !this.#closing.signal.aborted) this.#tell(error, done)
      }
    }
    this.#busy = false
  }

  async #serve({ store, row, mayCreate }: MeshSource): Promise<void> {
    if (row === undefined) {
      if (mayCreate) await this.#create(store)
    } else if (
      JSON.stringify(row) !== this.#unusable &&
      (this.#stale || !isComplete(row, this.#identities))
    ) {
      await this.#certify(row)
    }
  }

  async #create(store: Store): Promise<void> {
    this.#begin()
    const { ensureClusterCa } = await import('#core/kong/mesh/ensure-cluster-ca.ts')
    const { authorityWith, makeKey } = await import('#core/kong/mesh/make-authority.ts')
    await ensureClusterCa(store, async () => {
      this.#spareKey ??= await this.#unlessClosing(makeKey())
      return authorityWith(this.#spareKey)
    })
  }

  async #certify(row: ClusterCa): Promise<void> {
    this.#begin()
    const { makeNodeIdentities } = await import('#core/kong/mesh/node-identities.ts')
    const known: NodeIdentities = this.#stale ? new Map() : this.#identities
    const { nodeId, log, changed } = this.#options
    const spareKey = this.#spareKey
    const made = await this.#unlessClosing(makeNodeIdentities(row, { nodeId, known, spareKey }))
    this.#identities = made
    this.#spareKey = undefined
    this.#stale = false
    this.#revision += 1
    for (const authority of made.values()) {
      if (known.has(authority.certificate)) continue
      const { fingerprint256 } = new X509Certificate(authority.identity.certificate)
      const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase()
      log('debug', `mesh alpn is '${authority.protocol}'`)
      log('debug', `node certificate generated, fingerprint is '${fingerprint}'`)
    }
    changed()
  }

  #begin(): void {
    if (this.#initialisation !== 'due') return
    this.#initialisation = 'begun'
    this.#options.log('info', 'initialising cluster ca...')
  }

  #tell(error: unknown, source: MeshSource): void {
    const message = `this node could not join its mesh: ${messageOf(error)}`
    if (message !== this.#toldFault) this.#options.log('error', message)
    this.#toldFault = message
    if (source.row !== undefined) {
      this.#unusable = JSON.stringify(source.row)
      this.#revision += 1
      this.#options.changed()
    } else {
      // Nobody tells when a store that failed can be used again.
      this.#retry = setTimeout(() => this.attend({ ...source }), retryMs).unref()
    }
  }

  /** A key cannot be made faster, and nobody waits for it when the node stops. */
  #unlessClosing<result>(made: Promise<result>): Promise<result> {
    const { promise, reject } = Promise.withResolvers<never>()
    const { signal } = this.#closing
    const stop = (): void => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop)
    return Promise.race([made, promise]).finally(() => signal.removeEventListener('abort', stop))
  }
}
