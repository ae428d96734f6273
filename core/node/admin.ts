import { messageOf } from '#core/base/errors.ts'
import type { Dataplane } from '#core/dataplane/dataplane.ts'
import type { LoadDeclarative } from '#core/kong/admin/config-endpoint.ts'
import { shownConfig } from '#core/kong/config/shown-config.ts'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { renderHttpAccess } from '#core/kong/log-lines.ts'
import type { KongLogs } from '#core/kong/logs.ts'
import type { NodeHost } from '#core/kong/plugins/plugin-host.ts'
import type { PluginCatalogue } from '#core/kong/plugins/plugin-catalogue.ts'
import type { Identity } from '#core/model/identity.ts'
import type { Store } from '#core/store/store.ts'

export interface AdminOptions {
  readonly listen: KongConfig['adminListen']
  readonly directives: KongConfig['directives']['admin']
  /** What is shown as the configuration at this moment: a reload changes it. */
  readonly config: () => KongConfig
  readonly identity: Identity | Promise<Identity>
  readonly ciphers: string
  readonly store: Store
  readonly plugins: PluginCatalogue
  readonly host: NodeHost
  readonly dataplane: Dataplane
  readonly logs: KongLogs
  /** Present without a database: replaces all entities. */
  readonly loadDeclarative: LoadDeclarative | undefined
}

/** A node's Admin API, which listens from the start and answers when its code has been loaded. */
export interface NodeAdmin extends AsyncDisposable {
  /** Loads it as soon as there is nothing more urgent to do: for when the node is ready. */
  begin(): void
}

/**
 * Opens the node's Admin API. Loaded only here, so that a node without one pays nothing for it.
 * @throws MeshError `listen-failed`
 */
export async function openAdmin(options: AdminOptions): Promise<NodeAdmin> {
  const { listen, directives, config, identity, ciphers, store, plugins, host } = options
  const { dataplane, logs, loadDeclarative } = options
  const { openAdminServer } = await import('#core/kong/admin/admin-server.ts')
  const begun = Promise.withResolvers<void>()
  const server = await openAdminServer({
    listen,
    store,
    identity,
    ciphers,
    directives,
    plugins: begun.promise.then(() => plugins.loadAll()),
    pluginHost: host,
    readOnly: loadDeclarative !== undefined,
    ...(loadDeclarative === undefined ? {} : { loadDeclarative }),
    health: (upstreamId) => dataplane.health(upstreamId),
    nodeInfo: {
      nodeId: host.nodeId,
      hostname: host.hostname,
      get configuration() {
        const loaded = plugins.loaded.map(({ name }) => [name, true] as const)
        return { ...shownConfig(config()), loaded_plugins: Object.fromEntries(loaded) }
      },
      counts: () => dataplane.counters,
    },
    report: (error) => logs.adminLog.write('error', `Admin API: ${messageOf(error)}`),
    finished: ({ remoteAddress, method, target, httpVersion, bodyBytes, ...exchange }) => {
      const requestLine = `${method} ${target} HTTP/${httpVersion}`
      const entry = { ...exchange, client: remoteAddress, requestLine, bytesToClient: bodyBytes }
      logs.adminAccess(renderHttpAccess(new Date(), entry))
    },
  })
  return {
    begin: () => void setImmediate(begun.resolve),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
