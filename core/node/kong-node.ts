import { messageOf, MeshError } from '#core/base/errors.ts'
import { openDataplane, type Dataplane } from '#core/dataplane/dataplane.ts'
import { compile, type Compiled } from '#core/kong/compile.ts'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import type { KongLogs } from '#core/kong/logs.ts'
import type { Entities } from '#core/kong/routed.ts'
import type { Store } from '#core/store/store.ts'
import { renderApplied } from './applied-line.ts'
import { openAdmin } from './admin.ts'
import { loadCertificates, type NodeCertificates } from './certificates.ts'
import { openStore, readEntities } from './kong-store.ts'

/** A running Kong node: proxy, Admin API and the store that both look at. */
export interface KongNode extends AsyncDisposable {
  /** Goes over to another configuration without dropping a connection. When it rejects, all is as before. */
  reload(config: KongConfig): Promise<void>
  /** Stops accepting and resolves when the last connection has finished or `timeoutMs` has passed. */
  drain(timeoutMs: number): Promise<'drained' | 'timeout'>
}

export interface KongNodeOptions {
  readonly logs: KongLogs
}

/**
 * Starts a node; its prefix must have been prepared. All or nothing.
 * @throws MeshError naming everything that could not be opened.
 */
export async function openKongNode(
  config: KongConfig,
  { logs }: KongNodeOptions,
): Promise<KongNode> {
  await using opening = new AsyncDisposableStack()
  const dataplane = openDataplane({ observer: logs.observer })
  const node = opening.use(new RunningNode(dataplane, logs))
  await node.reload(config)
  opening.move()
  return node
}

/** What belongs to one configuration and is replaced with it. */
interface Settled {
  /** Counts configurations, also those that failed, so that no two share a snapshot's version. */
  readonly generation: number
  readonly config: KongConfig
  readonly certificates: NodeCertificates
  readonly store: Store
  readonly watch: Disposable
  readonly admin: AsyncDisposable | undefined
}

class RunningNode implements KongNode {
  readonly #dataplane: Dataplane
  readonly #logs: KongLogs
  #settled: Settled | undefined
  #generation = 0
  #appliedVersion = ''
  /** Told once, not with each change of something else. */
  #warned: ReadonlySet<string> = new Set()
  /** Everything that changes the node runs after this, so that changes never overlap. */
  #last: Promise<unknown> = Promise.resolve()
  #refreshing: Promise<void> | undefined
  #retired = false

  constructor(dataplane: Dataplane, logs: KongLogs) {
    this.#dataplane = dataplane
    this.#logs = logs
  }

  reload(config: KongConfig): Promise<void> {
    return this.#enqueue(() => this.#reload(config))
  }

  async drain(timeoutMs: number): Promise<'drained' | 'timeout'> {
    await this.#enqueue(() => this.#retire())
    return this.#dataplane.drain(timeoutMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#enqueue(() => this.#retire())
    await this.#dataplane[Symbol.asyncDispose]()
    await this.#settled?.store[Symbol.asyncDispose]()
    this.#settled = undefined
  }

  /** Closes the Admin API and takes no notice of changes any more. */
  async #retire(): Promise<void> {
    if (this.#retired) return
    this.#retired = true
    this.#settled?.watch[Symbol.dispose]()
    await this.#settled?.admin?.[Symbol.asyncDispose]()
  }

  async #reload(config: KongConfig): Promise<void> {
    if (this.#retired) throw new MeshError('stopping', 'Kong is stopping')
    await using opening = new AsyncDisposableStack()
    const old = this.#settled
    const certificates = await loadCertificates(config, old?.certificates)
    const keepsStore = old !== undefined && storeKey(old.config) === storeKey(config)
    const store = keepsStore ? old.store : opening.use(await openStore(config))
    const generation = ++this.#generation
    const entities = await readEntities(store)
    const compiled = compileFor(config, certificates, entities, generation)

    if (old) await this.#logs.reconfigure(config)
    const keepsAdmin =
      keepsStore &&
      old.certificates.admin === certificates.admin &&
      listenersOf(old.config) === listenersOf(config)
    // A new Admin API may ask for the addresses of the old one.
    if (!keepsAdmin) await old?.admin?.[Symbol.asyncDispose]()
    const outcomes = await Promise.allSettled([
      this.#dataplane.apply(compiled.snapshot),
      keepsAdmin ? old.admin : this.#openAdmin(config, certificates, store),
    ])
    const [applied, admin] = outcomes
    if (applied.status === 'rejected' || admin.status === 'rejected') {
      if (admin.status === 'fulfilled' && !keepsAdmin) await admin.value?.[Symbol.asyncDispose]()
      if (old) await this.#restore(old, applied.status === 'fulfilled', keepsAdmin)
      throw joined(outcomes)
    }

    if (!keepsStore) {
      old?.watch[Symbol.dispose]()
      await old?.store[Symbol.asyncDispose]()
    }
    const watch = keepsStore ? old.watch : store.watch(() => this.#refresh())
    opening.move()
    this.#settled = { generation, config, certificates, store, watch, admin: admin.value }
    this.#announce(compiled, entities)
    certificates.begin((message) => this.#logs.log.write('error', message))
    // What changed between reading the entities and watching the store.
    if (!keepsStore) void this.#refresh()
  }

  /** After a reload that failed half-way: what was running runs again. */
  async #restore(old: Settled, dataplane: boolean, keptAdmin: boolean): Promise<void> {
    await this.#logs.reconfigure(old.config)
    if (dataplane) {
      this.#appliedVersion = ''
      await this.#apply(old)
    }
    if (!keptAdmin) {
      this.#settled = { ...old, admin: undefined }
      const admin = await this.#openAdmin(old.config, old.certificates, old.store)
      this.#settled = { ...old, admin }
    }
  }

  #openAdmin(
    config: KongConfig,
    certificates: NodeCertificates,
    store: Store,
  ): Promise<AsyncDisposable> | undefined {
    if (config.adminListen.length === 0) return undefined
    return openAdmin({
      listen: config.adminListen,
      config: () => this.#settled?.config ?? config,
      identity: certificates.admin.identity,
      store,
      logs: this.#logs,
      counters: () => this.#dataplane.counters,
    })
  }

  /** Takes notice of a change of the store. Never rejects. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#enqueue(async () => {
      // From here on a further change needs a further look.
      this.#refreshing = undefined
      if (this.#settled && !this.#retired) await this.#apply(this.#settled)
    }).catch((error: unknown) => {
      const message = `the store's changes could not be applied: ${messageOf(error)}`
      this.#logs.log.write('error', message)
    })
    return this.#refreshing
  }

  async #apply({ generation, config, certificates, store }: Settled): Promise<void> {
    const entities = await readEntities(store)
    const compiled = compileFor(config, certificates, entities, generation)
    if (compiled.snapshot.version === this.#appliedVersion) return
    await this.#dataplane.apply(compiled.snapshot)
    this.#announce(compiled, entities)
  }

  #announce({ snapshot, warnings }: Compiled, entities: Entities): void {
    this.#appliedVersion = snapshot.version
    for (const warning of warnings) {
      if (!this.#warned.has(warning)) this.#logs.log.write('warn', warning)
    }
    this.#warned = new Set(warnings)
    const notice = renderApplied({
      version: snapshot.version,
      services: entities.services.length,
      routes: entities.routes.length,
      listeners: snapshot.listeners.length,
    })
    this.#logs.log.write('notice', notice)
  }

  #enqueue<result>(task: () => Promise<result>): Promise<result> {
    const run = this.#last.then(task)
    this.#last = run.catch(() => {})
    return run
  }
}

function compileFor(
  config: KongConfig,
  certificates: NodeCertificates,
  entities: Entities & { readonly version: number },
  generation: number,
): Compiled {
  return compile({
    config,
    entities,
    identities: { fallback: certificates.proxy.identity, byServerName: new Map() },
    version: `${generation}.${entities.version}`,
  })
}

function storeKey({ database, sqliteFile, dbUpdateFrequency }: KongConfig): string {
  return JSON.stringify([database, database === 'sqlite' && sqliteFile, dbUpdateFrequency])
}

function listenersOf({ adminListen }: KongConfig): string {
  return JSON.stringify(adminListen)
}

function joined(outcomes: readonly PromiseSettledResult<unknown>[]): unknown {
  const faults = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  )
  if (faults.length === 1) return faults[0]
  return new MeshError('listen-failed', faults.map(messageOf).join('\n'), {
    cause: new AggregateError(faults),
  })
}
