import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { messageOf, MeshError } from '#core/base/errors.ts'
import { openDataplane, type Dataplane } from '#core/dataplane/dataplane.ts'
import { compile, recompile, type Compiled, type Standing } from '#core/kong/compile.ts'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import type { EntityDirectory } from '#core/kong/entities/entity-directory.ts'
import { type ClusterCa, clusterCas } from '#core/kong/entities/cluster-ca.ts'
import { plugins as pluginKind } from '#core/kong/entities/plugin.ts'
import { routes } from '#core/kong/entities/route.ts'
import { services } from '#core/kong/entities/service.ts'
import type { KongLogs } from '#core/kong/logs.ts'
import { compileFilters } from '#core/kong/plugins/compile-filters.ts'
import { openPluginCatalogue, type PluginCatalogue } from '#core/kong/plugins/plugin-catalogue.ts'
import { PluginInstances } from '#core/kong/plugins/plugin-instances.ts'
import type { Store } from '#core/store/store.ts'
import { openAdmin, type NodeAdmin } from './admin.ts'
import { renderApplied } from './applied-line.ts'
import { declarativeLoader, loadDeclarativeFile } from './declared-entities.ts'
import { loadCertificates, type NodeCertificates } from './certificates.ts'
import { MeshKeeper } from './mesh-keeper.ts'
import { openStore, readEntities, storeKey, type StoredEntities } from './kong-store.ts'
import { PluginHostOfNode } from './plugin-host.ts'
import { demandPluginsInUse } from './plugins-in-use.ts'

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
  const dataplane = openDataplane({
    observer: logs.observer,
    report: (level, message) => logs.log.write(level, message),
  })
  const node = opening.use(new RunningNode(dataplane, logs))
  await node.reload(config)
  opening.move()
  return node
}

/** What belongs to one configuration and is replaced with it. */
interface Settled extends Setup {
  readonly watch: Disposable
  readonly admin: NodeAdmin | undefined
}

interface Setup {
  /** Counts configurations, also those that failed, so that no two share a snapshot's version. */
  readonly generation: number
  readonly config: KongConfig
  readonly certificates: NodeCertificates
  readonly plugins: PluginCatalogue
  readonly store: Store
}

class RunningNode implements KongNode {
  readonly #dataplane: Dataplane
  readonly #logs: KongLogs
  readonly #host: PluginHostOfNode
  readonly #instances: PluginInstances
  readonly #mesh: MeshKeeper
  #settled: Settled | undefined
  /** What plugins see: the entities that were compiled last, and where they are from. */
  #shown: { readonly setup: Setup; readonly entities: StoredEntities } | undefined
  /** What was compiled last, and of what. */
  #compiled:
    | {
        readonly directory: EntityDirectory
        readonly generation: number
        readonly compiled: Compiled
      }
    | undefined
  #generation = 0
  #appliedVersion = ''
  #announced = ''
  /** Told once, not with each change of something else. */
  #warned: ReadonlySet<string> = new Set()
  /** Everything that changes the node runs after this, so that changes never overlap. */
  #last: Promise<unknown> = Promise.resolve()
  #refreshing: Promise<void> | undefined
  #retired = false

  constructor(dataplane: Dataplane, logs: KongLogs) {
    this.#dataplane = dataplane
    this.#logs = logs
    this.#host = new PluginHostOfNode({
      nodeId: randomUUID(),
      hostname: hostname(),
      now: () => {
        if (this.#shown === undefined) throw new MeshError('not-ready', 'The node is not ready')
        const { setup, entities } = this.#shown
        return { prefix: setup.config.prefix, store: setup.store, entities: entities.directory }
      },
      counts: () => dataplane.counters,
      log: (level, message) => logs.log.write(level, message),
    })
    this.#instances = new PluginInstances(this.#host)
    this.#mesh = new MeshKeeper({
      nodeId: this.#host.nodeId,
      log: (level, message) => logs.log.write(level, message),
      changed: () => void this.#refresh(),
    })
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
    await this.#mesh[Symbol.asyncDispose]()
    await this.#dataplane[Symbol.asyncDispose]()
    this.#instances[Symbol.dispose]()
    await this.#host[Symbol.asyncDispose]()
    await this.#settled?.store[Symbol.asyncDispose]()
    this.#settled = undefined
  }

  /** Closes the Admin API and takes no notice of changes any more. */
  async #retire(): Promise<void> {
    if (this.#retired) return
    this.#retired = true
    this.#mesh.stop()
    this.#settled?.watch[Symbol.dispose]()
    await this.#settled?.admin?.[Symbol.asyncDispose]()
  }

  async #reload(config: KongConfig): Promise<void> {
    if (this.#retired) throw new MeshError('stopping', 'Kong is stopping')
    await using opening = new AsyncDisposableStack()
    const old = this.#settled
    const certificates = await loadCertificates(config, old?.certificates)
    const plugins = await openPluginCatalogue(config.plugins)
    const keepsStore = old !== undefined && keepsItsStore(old.config, config)
    const store = keepsStore ? old.store : opening.use(await openStore(config))
    if (config.database === 'off') await loadDeclarativeFile(config, plugins, store)
    const generation = ++this.#generation
    const setup: Setup = { generation, config, certificates, plugins, store }
    const entities = await readEntities(store, plugins)
    demandPluginsInUse(entities.directory, plugins)
    const shownBefore = this.#shown
    const compiled = this.#compile(setup, entities)

    if (old) await this.#logs.reconfigure(config)
    const keepsAdmin =
      keepsStore &&
      old.certificates.admin === certificates.admin &&
      adminKey(old) === adminKey(setup)
    // A new Admin API may ask for the addresses of the old one.
    if (!keepsAdmin) await old?.admin?.[Symbol.asyncDispose]()
    const outcomes = await Promise.allSettled([
      this.#dataplane.apply(compiled.snapshot),
      keepsAdmin ? old.admin : this.#openAdmin(setup),
    ])
    const [applied, admin] = outcomes
    if (applied.status === 'rejected' || admin.status === 'rejected') {
      if (admin.status === 'fulfilled' && !keepsAdmin) await admin.value?.[Symbol.asyncDispose]()
      this.#shown = shownBefore
      if (old) await this.#restore(old, keepsAdmin)
      throw joined(outcomes)
    }

    this.#instances.settle()
    if (!keepsStore) {
      old?.watch[Symbol.dispose]()
      await old?.store[Symbol.asyncDispose]()
    }
    const watch = keepsStore ? old.watch : store.watch(() => this.#refresh())
    opening.move()
    this.#settled = { ...setup, watch, admin: admin.value }
    this.#announce(compiled, setup, entities)
    this.#mesh.renew()
    this.#attendMesh(setup, entities)
    certificates.begin((message) => this.#logs.log.write('error', message))
    admin.value?.begin()
    // What changed between reading the entities and watching the store.
    if (!keepsStore) void this.#refresh()
  }

  /** After a reload that failed half-way: what was running runs again. */
  async #restore(old: Settled, keptAdmin: boolean): Promise<void> {
    await this.#logs.reconfigure(old.config)
    this.#appliedVersion = ''
    await this.#apply(old)
    if (!keptAdmin) {
      this.#settled = { ...old, admin: undefined }
      const admin = await this.#openAdmin(old)
      this.#settled = { ...old, admin }
      admin?.begin()
    }
  }

  #openAdmin(setup: Setup): Promise<NodeAdmin> | undefined {
    const { config, certificates, plugins, store } = setup
    if (config.adminListen.length === 0) return undefined
    return openAdmin({
      listen: config.adminListen,
      directives: config.directives.admin,
      config: () => this.#settled?.config ?? config,
      identity: certificates.admin.identity,
      ciphers: config.sslCiphers,
      store,
      plugins,
      host: this.#host,
      dataplane: this.#dataplane,
      logs: this.#logs,
      loadDeclarative: config.database === 'off' ? declarativeLoader(plugins, store) : undefined,
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

  async #apply(setup: Setup): Promise<void> {
    const entities = await this.#readEntities(setup)
    if (this.#versionOf(setup, entities) === this.#appliedVersion) return
    const compiled = this.#compile(setup, entities)
    await this.#dataplane.apply(compiled.snapshot)
    this.#instances.settle()
    this.#announce(compiled, setup, entities)
    this.#attendMesh(setup, entities)
  }

  /** Those that are shown, unless the store has others by now. */
  async #readEntities({ generation, store, plugins }: Setup): Promise<StoredEntities> {
    const shown = this.#shown
    const isKnown =
      shown?.setup.generation === generation && shown.entities.version === (await store.version())
    return isKnown ? shown.entities : readEntities(store, plugins)
  }

  #attendMesh({ store, config }: Setup, entities: StoredEntities): void {
    const mayCreate = mayCreateClusterCa(config)
    this.#mesh.attend({ store, row: clusterCaOf(entities), mayCreate })
  }

  /**
   * Opens the filters of the entities, and from now on shows plugins these entities. Where only the node's certificates
   * are new, nothing else is compiled again.
   */
  #compile(setup: Setup, entities: StoredEntities): Compiled {
    const { config, certificates, plugins, generation } = setup
    const { directory } = entities
    const clusterCa = clusterCaOf(entities)
    const standing: Standing = {
      mesh: clusterCa && this.#mesh.membership(clusterCa),
      joining: this.#mesh.isJoining({ row: clusterCa, mayCreate: mayCreateClusterCa(config) }),
      version: this.#versionOf(setup, entities),
    }
    const last = this.#compiled
    this.#shown = { setup, entities }
    if (last?.directory === directory && last.generation === generation) {
      return recompile(last.compiled, standing)
    }
    const opened = this.#instances.open(directory.list(pluginKind), plugins.loaded)
    const { snapshot, warnings } = compile(
      {
        config,
        entities: directory,
        filters: compileFilters(opened.instances),
        fallback: certificates.proxy.identity,
        clientIdentity: certificates.client,
      },
      standing,
    )
    const alone = clusterCa === undefined && config.database === 'off' ? [noClusterCa] : []
    const compiled = { snapshot, warnings: [...warnings, ...opened.warnings, ...alone] }
    this.#compiled = { directory, generation, compiled }
    return compiled
  }

  #announce({ snapshot, warnings }: Compiled, setup: Setup, entities: StoredEntities): void {
    this.#appliedVersion = snapshot.version
    for (const warning of warnings) {
      if (!this.#warned.has(warning)) this.#logs.log.write('warn', warning)
    }
    this.#warned = new Set(warnings)
    const configuration = configurationOf(setup, entities)
    if (configuration !== this.#announced) {
      this.#announced = configuration
      const notice = renderApplied({
        version: configuration,
        services: entities.directory.list(services).length,
        routes: entities.directory.list(routes).length,
        listeners: snapshot.listeners.length,
      })
      this.#logs.log.write('notice', notice)
    }
    this.#mesh.announce(snapshot.mesh)
  }

  #versionOf(setup: Setup, entities: StoredEntities): string {
    return `${configurationOf(setup, entities)}.${this.#mesh.revision}`
  }

  #enqueue<result>(task: () => Promise<result>): Promise<result> {
    const run = this.#last.then(task)
    this.#last = run.catch(() => {})
    return run
  }
}

/** Names a configuration and its entities; grows with each change. */
function configurationOf({ generation }: Setup, { version }: StoredEntities): string {
  return `${generation}.${version}`
}

const noClusterCa = 'no cluster_ca in declarative configuration: cannot use node in mesh mode'

function clusterCaOf({ directory }: StoredEntities): ClusterCa | undefined {
  return directory.list(clusterCas)[0]
}

function mayCreateClusterCa({ database }: KongConfig): boolean {
  return database !== 'off'
}

/** A declarative file fills a store of its own, so that a reload that fails leaves the old entities where they are. */
function keepsItsStore(old: KongConfig, config: KongConfig): boolean {
  if (config.database === 'off' && config.declarativeConfig !== undefined) return false
  return storeKey(old) === storeKey(config)
}

/** Equal for set-ups that one Admin API can serve. */
function adminKey({ config, plugins }: Setup): string {
  const { adminListen, database, directives, sslCiphers } = config
  return JSON.stringify([adminListen, database, directives.admin, sslCiphers, plugins.key])
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
