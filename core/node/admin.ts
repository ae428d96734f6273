import { messageOf } from '#core/base/errors.ts'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { typedSettings } from '#core/kong/config/typed-settings.ts'
import { renderHttpAccess } from '#core/kong/log-lines.ts'
import type { KongLogs } from '#core/kong/logs.ts'
import type { Counters } from '#core/dataplane/dataplane.ts'
import type { Identity } from '#core/model/identity.ts'
import type { Store } from '#core/store/store.ts'

export interface AdminOptions {
  readonly listen: KongConfig['adminListen']
  /** What is shown as the configuration at this moment: a reload changes it. */
  readonly config: () => KongConfig
  readonly identity: Identity | Promise<Identity>
  readonly store: Store
  readonly logs: KongLogs
  readonly counters: () => Counters
}

/**
 * Opens the node's Admin API. Loaded only here, so that a node without one pays nothing for it.
 * @throws MeshError `listen-failed`
 */
export async function openAdmin(options: AdminOptions): Promise<AsyncDisposable> {
  const { listen, config, identity, store, logs, counters } = options
  const [{ openAdminServer }, { randomUUID }, { hostname }] = await Promise.all([
    import('#core/kong/admin/admin-server.ts'),
    import('node:crypto'),
    import('node:os'),
  ])
  return openAdminServer({
    listen,
    store,
    identity,
    nodeInfo: {
      nodeId: randomUUID(),
      hostname: hostname(),
      get configuration() {
        return typedSettings(config().effective)
      },
      counts: counters,
    },
    report: (error) => logs.adminLog.write('error', `Admin API: ${messageOf(error)}`),
    finished: ({ remoteAddress, method, target, status, userAgent }) => {
      const requestLine = `${method} ${target} HTTP/1.1`
      const entry = { client: remoteAddress, requestLine, status, userAgent }
      logs.adminAccess(renderHttpAccess(new Date(), entry))
    },
  })
}
