import { MeshError } from '#core/base/errors.ts'
import type { EntityDirectory } from '#core/kong/entities/entity-directory.ts'
import { plugins } from '#core/kong/entities/plugin.ts'
import type { PluginCatalogue } from '#core/kong/plugins/plugin-catalogue.ts'

/**
 * A node that does not have a plugin that is in use, such as one that asks for keys, would let everybody in; so it does
 * not start, as in Kong 1.1. What other nodes put to use later does not stop it.
 * @throws MeshError `plugin-not-enabled` naming every such plugin.
 */
export function demandPluginsInUse(entities: EntityDirectory, { loaded }: PluginCatalogue): void {
  const enabled = new Set(loaded.map(({ name }) => name))
  const inUse = new Set(entities.list(plugins).map(({ name }) => name))
  const missing = [...inUse].filter((name) => !enabled.has(name)).toSorted()
  if (missing.length === 0) return
  const faults = missing.map(
    (name) =>
      `${name} plugin is in use but not enabled; add it to the 'plugins' configuration property`,
  )
  throw new MeshError('plugin-not-enabled', faults.join('\n'))
}
