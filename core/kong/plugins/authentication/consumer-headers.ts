import { type Consumer } from '#core/kong/entities/consumer.ts'
import type { HeaderList } from '#core/model/header-list.ts'

/**
 * Tells the upstream who the client is, in place of whatever the client itself said of it. `credential` is undefined
 * for the anonymous consumer; only some kinds of credentials have a user name.
 */
export function setConsumerHeaders(
  headers: HeaderList,
  consumer: Consumer,
  credential: { readonly username?: string | null } | undefined,
): void {
  const put = (name: string, value: string | null | undefined): void => {
    if (typeof value === 'string') headers.set(name, value)
    else headers.remove(name)
  }
  put('X-Consumer-ID', consumer.id)
  put('X-Consumer-Custom-ID', consumer.custom_id)
  put('X-Consumer-Username', consumer.username)
  put('X-Credential-Username', credential?.username)
  put('X-Anonymous-Consumer', credential === undefined ? 'true' : undefined)
}
