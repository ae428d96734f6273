import type { Endpoint } from '#core/rest/exchange.ts'
import { notFound } from './admin-fault.ts'

/**
 * The endpoints of Kong 1.1's cache. A node answers from the configuration in force and keeps no copies of entities:
 * no key is ever found, and there is nothing that would have to be forgotten.
 */
export function cacheEndpoints(): readonly Endpoint[] {
  return [
    { path: '/cache', handlers: { DELETE: () => ({ status: 204 }) } },
    {
      path: '/cache/:key',
      handlers: {
        GET: () => {
          throw notFound()
        },
        DELETE: () => ({ status: 204 }),
      },
    },
  ]
}
