import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'

const nobody = '00000000-0000-0000-0000-000000000000'

/**
 * Name of a counter, as nodes of Kong 1.1 write it. It is scoped by what the plugin is bound to: a global one counts
 * over all routes and services.
 */
export function counterKey(
  { routeId, serviceId }: Pick<PluginHost, 'routeId' | 'serviceId'>,
  parts: readonly (string | number)[],
): string {
  return ['ratelimit', routeId ?? nobody, serviceId ?? nobody, ...parts].join(':')
}
