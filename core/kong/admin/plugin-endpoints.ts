import type { KongPlugin } from '#core/kong/plugins/plugin.ts'
import { describeRecord } from '#core/kong/schema/describe-record.ts'
import { type Endpoint, RestFault } from '#core/rest/exchange.ts'

/** `/plugins/enabled` and `/plugins/schema/:name`: which plugins there are and what can be set. */
export function pluginEndpoints(loaded: readonly KongPlugin[]): readonly Endpoint[] {
  const names = loaded.map(({ name }) => name).toSorted()
  return [
    {
      path: '/plugins/enabled',
      handlers: { GET: () => ({ status: 200, body: { enabled_plugins: names } }) },
    },
    {
      path: '/plugins/schema/:name',
      handlers: {
        GET: ({ parameters: { name = '' } }) => {
          const plugin = loaded.find((each) => each.name === name)
          if (plugin === undefined) {
            throw new RestFault(404, { message: `No plugin named '${name}'` })
          }
          return { status: 200, body: describeRecord(plugin.config.fields) }
        },
      },
    },
  ]
}
