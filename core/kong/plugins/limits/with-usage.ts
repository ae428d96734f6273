import { messageOf } from '#core/base/errors.ts'
import { messageReply } from '#core/kong/plugins/json-reply.ts'
import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import type { HttpExchange } from '#core/model/http-filter.ts'

/**
 * Goes on with what counters say, at once when they do. When they cannot be reached, the request passes without limits
 * (`faultTolerant`) or is answered with 500.
 */
export function withUsage(
  exchange: HttpExchange,
  used: readonly number[] | Promise<readonly number[]>,
  {
    host,
    faultTolerant,
    go,
  }: {
    readonly host: PluginHost
    readonly faultTolerant: boolean
    readonly go: (used: readonly number[]) => void
  },
): void | Promise<void> {
  if (!(used instanceof Promise)) return go(used)
  return used.then(go, (error: unknown) => {
    host.log('error', `failed to get usage: ${messageOf(error)}`)
    if (!faultTolerant) exchange.answer(messageReply(500, 'An unexpected error occurred'))
  })
}
