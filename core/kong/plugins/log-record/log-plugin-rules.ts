import type { KongPlugin } from '#core/kong/plugins/plugin.ts'

/** What all log plugins allow. Kong 1.1 logs no streams. */
export const logPluginRules = {
  runOn: ['first', 'second', 'all'],
  protocols: ['http', 'https'],
} as const satisfies Partial<KongPlugin>
