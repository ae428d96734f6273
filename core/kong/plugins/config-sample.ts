import { pluginVariant } from '#core/kong/entities/plugin.ts'
import type { Faults } from '#core/kong/schema/faults.ts'
import { fillDefaults } from '#core/kong/schema/fill-defaults.ts'
import { validate } from '#core/kong/schema/validate.ts'
import type { KongPlugin } from './plugin.ts'

/** A whole plugin entity with these fields, for tests; what is missing has its default. */
export function samplePluginEntity<config extends object>(
  plugin: KongPlugin<config>,
  fields: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const variant = pluginVariant(plugin)
  return fillDefaults(variant, { name: plugin.name, ...fields }, 'create', {
    now: () => Date.now(),
    uuid: () => '6b1d0e3c-0000-4000-8000-00000000000f',
    secret: () => 'secret',
  })
}

/** What is wrong with a plugin entity that has these fields. */
export function pluginEntityFaults<config extends object>(
  plugin: KongPlugin<config>,
  fields: Readonly<Record<string, unknown>>,
): Faults | undefined {
  return validate(pluginVariant(plugin), samplePluginEntity(plugin, fields))
}

/** Complete settings, for tests; throws when they have faults. */
export function sampleConfig<config extends object>(
  plugin: KongPlugin<config>,
  given: Readonly<Record<string, unknown>> = {},
): config {
  const faults = pluginEntityFaults(plugin, { config: given })
  if (faults !== undefined) throw new Error(JSON.stringify(faults))
  // oxlint-disable-next-line no-unsafe-type-assertion -- settings without faults
  return samplePluginEntity(plugin, { config: given })['config'] as config
}
