import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { routes } from '#core/kong/entities/route.ts'
import { services } from '#core/kong/entities/service.ts'
import type { Entities } from '#core/kong/routed.ts'
import type { Store } from '#core/store/store.ts'

/** Opens what `database` names. Each kind is loaded only when it is asked for. */
export async function openStore(config: KongConfig): Promise<Store> {
  if (config.database === 'off') {
    const { openMemoryStore } = await import('#core/store/memory-store.ts')
    return openMemoryStore()
  }
  const { openSqliteStore } = await import('#core/store/sqlite-store.ts')
  return openSqliteStore(config.sqliteFile, { pollMs: config.dbUpdateFrequency * 1000 })
}

/** Everything that traffic depends on, in one consistent state. */
export function readEntities(store: Store): Promise<Entities & { readonly version: number }> {
  return store.read(async (view) => ({
    version: view.version,
    services: await view.list(services.collection),
    routes: await view.list(routes.collection),
  }))
}
