import type { KongPlugin } from './plugin.ts'

/** What plugins allow that act once for a request, where it comes in. Kong 1.1 has none of them for streams. */
export const webPluginRules = {
  runOn: ['first'],
  protocols: ['http', 'https'],
} as const satisfies Partial<KongPlugin>
