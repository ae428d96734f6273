import type { HttpFilter } from '#core/model/http-filter.ts'
import { sampleConfig } from './config-sample.ts'
import { sampleHost } from './log-record/host-sample.ts'
import type { PluginHost } from './plugin-host.ts'
import type { KongPlugin } from './plugin.ts'

/** The filter of one plugin entity with these settings, for tests. */
export function sampleFilter<config extends object>(
  plugin: KongPlugin<config>,
  given: Readonly<Record<string, unknown>> = {},
  host: PluginHost = sampleHost(),
): HttpFilter {
  const filter = plugin.openHttp?.(sampleConfig(plugin, given), host)
  if (filter === undefined) throw new Error(`${plugin.name} takes no part in requests`)
  return filter
}
