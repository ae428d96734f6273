import { sameAuthority } from '#core/codec/http1-authority.ts'
import { headerValue } from '#core/codec/http1-header-field.ts'
import type { RequestHead } from '#core/codec/http1-request-head.ts'
import type { SocketAddress } from '#core/model/address.ts'
import { splitAuthority } from './upstream-target.ts'

/**
 * Says how Host contradicts an absolute target; undefined = it does not. Proxies that decide by one and servers that
 * decide by the other are how requests are smuggled. A Host that only names this end of the connection contradicts
 * nothing: clients that are not told otherwise write it.
 */
export function hostContradiction(
  head: RequestHead,
  destination: SocketAddress,
): string | undefined {
  const { targetScheme, authority } = head
  if (targetScheme === undefined || authority === undefined) return undefined
  const host = headerValue(head.fields, 'host')
  if (host === undefined || sameAuthority(host, authority, targetScheme)) return undefined
  if (namesThisEnd(host, destination)) return undefined
  return `Host is "${host}", but the target names "${authority}"`
}

function namesThisEnd(host: string, { address, port }: SocketAddress): boolean {
  const named = splitAuthority(host)
  if (named.port !== undefined && named.port !== port) return false
  const name = named.host.toLowerCase()
  return name === address || (name === 'localhost' && /^(?:127\.|::1$)/.test(address))
}
