import type { LoadDeclarative } from '#core/kong/admin/config-endpoint.ts'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { declaredKinds } from '#core/kong/entities/kong-kinds.ts'
import type { PluginCatalogue } from '#core/kong/plugins/plugin-catalogue.ts'
import type { Store } from '#core/store/store.ts'

/**
 * Fills the store of a node without a database from its declarative file, if there is one.
 * @throws MeshError `bad-declarative-config`
 */
export async function loadDeclarativeFile(
  { declarativeConfig }: KongConfig,
  plugins: PluginCatalogue,
  store: Store,
): Promise<void> {
  if (declarativeConfig === undefined) return
  const { readDeclarativeFile, loadDeclared } =
    await import('#core/kong/declarative/load-declarative.ts')
  const kinds = declaredKinds(await plugins.loadAll())
  await loadDeclared(store, kinds, readDeclarativeFile(declarativeConfig, kinds))
}

/** Replaces everything in the store by what a client posts. */
export function declarativeLoader(plugins: PluginCatalogue, store: Store): LoadDeclarative {
  return async (input) => {
    const { byId, loadDeclared } = await import('#core/kong/declarative/load-declarative.ts')
    const { parseDeclarative } = await import('#core/kong/declarative/parse-declarative.ts')
    const { systemGenerate } = await import('#core/kong/admin/generate.ts')
    const kinds = declaredKinds(await plugins.loadAll())
    const declared = parseDeclarative(input, { kinds, generate: systemGenerate })
    await loadDeclared(store, kinds, declared)
    return byId(declared)
  }
}
