import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { directoryOf } from '#core/kong/entities/collected-entities.ts'
import type { EntityDirectory } from '#core/kong/entities/entity-directory.ts'
import { storedKinds } from '#core/kong/entities/kong-kinds.ts'
import { plugins as pluginKind } from '#core/kong/entities/plugin.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import type { PluginCatalogue } from '#core/kong/plugins/plugin-catalogue.ts'
import { postgresTargetOf } from '#core/kong/postgres-target.ts'
import type { Store } from '#core/store/store.ts'

/** Opens what `database` names. Each kind is loaded only when it is asked for. */
export async function openStore(config: KongConfig): Promise<Store> {
  const pollMs = config.dbUpdateFrequency * 1000
  switch (config.database) {
    case 'off': {
      const { openMemoryStore } = await import('#core/store/memory-store.ts')
      return openMemoryStore()
    }
    case 'postgres': {
      const { openPostgresStore } = await import('#core/store/postgres-store.ts')
      return openPostgresStore(postgresTargetOf(config.postgres), { pollMs })
    }
    case 'sqlite': {
      const { openSqliteStore } = await import('#core/store/sqlite-store.ts')
      return openSqliteStore(config.sqliteFile, { pollMs })
    }
  }
}

/** Equal for configurations that share a store. */
export function storeKey(config: KongConfig): string {
  const { database, sqliteFile, postgres, dbUpdateFrequency } = config
  const where = { sqlite: sqliteFile, postgres, off: null }[database]
  return JSON.stringify([database, where, dbUpdateFrequency])
}

export interface StoredEntities {
  /** Of the store. */
  readonly version: number
  readonly directory: EntityDirectory
}

/** Everything that traffic depends on, in one consistent state. Loads the plugins that it names. */
export async function readEntities(
  store: Store,
  plugins: PluginCatalogue,
): Promise<StoredEntities> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- what was found may ask for more to be looked for
    const entities = await readKinds(store, storedKinds(plugins.loaded))
    const named = entities.directory.list(pluginKind).map(({ name }) => name)
    // A plugin may bring kinds of entity of its own.
    // oxlint-disable-next-line no-await-in-loop
    if (!(await plugins.load(named))) return entities
  }
}

function readKinds(store: Store, kinds: readonly EntityKind[]): Promise<StoredEntities> {
  return store.read(async (view) => {
    const { version } = view
    const lists = []
    for (const { collection } of kinds) {
      // oxlint-disable-next-line no-await-in-loop -- one connection carries one question at a time
      lists.push([collection.name, await view.list(collection)] as const)
    }
    return { version, directory: directoryOf(new Map(lists)) }
  })
}
