import type { KongPlugin } from '#core/kong/plugins/plugin.ts'

interface Settings {
  readonly status: number
  readonly message: string
}

/** A plugin that answers requests and streams in place of the upstream, with its own settings as JSON. */
export function answering(own: {
  readonly name: string
  readonly priority: number
}): KongPlugin<Settings> {
  return {
    ...own,
    version: '1.0.0',
    config: {
      fields: {
        status: { type: 'integer', between: [100, 599], default: 503, required: true },
        message: { type: 'string', default: 'short-circuited', required: true },
      },
    },
    openHttp: ({ status, message }) => ({
      access: (exchange) => {
        exchange.answer({
          status,
          headers: [['Content-Type', 'application/json; charset=utf-8']],
          body: JSON.stringify({ status, message }),
        })
      },
    }),
    openStream: ({ status, message }) => ({
      preread: (session) => session.answer(JSON.stringify({ status, message })),
    }),
  }
}
