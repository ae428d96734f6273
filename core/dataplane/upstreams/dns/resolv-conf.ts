import { isIP } from 'node:net'
import type { SocketAddress } from '#core/model/address.ts'

/** How this machine asks for names: resolv.conf(5). */
export interface ResolverConfiguration {
  readonly servers: readonly SocketAddress[]
  /** Domains appended to short names, in order. */
  readonly search: readonly string[]
  /** A name with at least so many dots is asked for as it stands first. */
  readonly ndots: number
  readonly timeoutMs: number
  /** Rounds through the servers. */
  readonly attempts: number
}

/** Reads resolv.conf; what is not understood counts for nothing, as in the C library. */
export function parseResolvConf(text: string): ResolverConfiguration {
  const servers: SocketAddress[] = []
  const options = new Map<string, number>()
  let search: string[] = []
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/)
    const [first] = values
    if (keyword === 'nameserver' && first !== undefined) {
      if (isIP(first) !== 0) servers.push({ address: first, port: 53 })
    } else if (keyword === 'search') search = values
    else if (keyword === 'domain') search = values.slice(0, 1)
    else if (keyword === 'options') {
      for (const value of values) {
        const [, name, number] = /^([a-z]+):(\d{1,4})$/.exec(value) ?? []
        if (name !== undefined) options.set(name, Number(number))
      }
    }
  }
  const option = (name: string, otherwise: number, most: number): number =>
    Math.min(options.get(name) ?? otherwise, most)
  return {
    servers: servers.length > 0 ? servers.slice(0, 3) : [{ address: '127.0.0.1', port: 53 }],
    search: search.map((domain) => domain.toLowerCase().replace(/\.$/, '')).filter(Boolean),
    ndots: option('ndots', 1, 15),
    timeoutMs: Math.max(1, option('timeout', 2, 30)) * 1000,
    attempts: Math.max(1, option('attempts', 3, 5)),
  }
}

/** The names to ask for in place of `name`, in order; a final dot means: exactly this one. */
export function searchedNames(
  name: string,
  { search, ndots }: Pick<ResolverConfiguration, 'search' | 'ndots'>,
): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const longer = search.map((domain) => `${name}.${domain}`)
  return name.split('.').length - 1 >= ndots ? [name, ...longer] : [...longer, name]
}
