import { basicAuth } from '#core/kong/plugins/basic-auth/basic-auth.ts'
import { acl } from '#core/kong/plugins/acl/acl.ts'
import { jwt } from '#core/kong/plugins/jwt/jwt.ts'
import { keyAuth } from '#core/kong/plugins/key-auth/key-auth.ts'
import { definePlugin, type KongPlugin } from '#core/kong/plugins/plugin.ts'
import { rateLimiting } from '#core/kong/plugins/rate-limiting/rate-limiting.ts'

/** A plugin as a user may write it: for streams too, and only on the second node. */
const marker = definePlugin<{ readonly mark: string }>({
  name: 'marker',
  priority: 5,
  runOn: ['second', 'all'],
  config: {
    fields: {
      mark: { type: 'string', required: true },
      levels: { type: 'array', elements: { type: 'integer', between: [1, 9] } },
      nested: { type: 'record', fields: { deep: { type: 'number', default: 1 } }, required: true },
    },
  },
})

/** Plugins for tests of the Admin API. */
export const testPlugins: readonly KongPlugin[] = [
  acl,
  basicAuth,
  jwt,
  keyAuth,
  marker,
  rateLimiting,
]
