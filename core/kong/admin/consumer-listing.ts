import { consumers } from '#core/kong/entities/consumer.ts'
import type { Endpoint } from '#core/rest/exchange.ts'
import { type AdminContext, read } from './admin-context.ts'

/** Lets `GET /consumers` be asked for the one consumer with a `custom_id`. */
export function withCustomId(endpoint: Endpoint, context: AdminContext): Endpoint {
  const { GET: list } = endpoint.handlers
  if (endpoint.path !== '/consumers' || list === undefined) return endpoint
  return {
    ...endpoint,
    handlers: {
      ...endpoint.handlers,
      GET: async (request) => {
        const customId = request.query.get('custom_id')
        if (customId === undefined || customId === '') return list(request)
        const consumer = await read(context, (view) =>
          view.find(consumers.collection, { custom_id: customId }),
        )
        return {
          status: 200,
          body: { data: consumer === undefined ? [] : [consumer], next: null },
        }
      },
    },
  }
}
