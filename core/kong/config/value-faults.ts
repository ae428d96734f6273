import { isIP } from 'node:net'
import { addressSet } from '#core/base/cidr.ts'
import { parseHostPort } from './address.ts'
import { settings } from './settings.ts'

const headerTokens: readonly string[] = [
  'server_tokens',
  'latency_tokens',
  'server',
  'via',
  'x-kong-proxy-latency',
  'x-kong-upstream-latency',
  'x-kong-upstream-status',
]

/** Keys that are search paths: a number there is a slip. */
const neverNumbers: readonly string[] = ['lua_package_path', 'lua_package_cpath']

/** Says which values are not of their key's kind, or none of its choices, in Kong 1.1's words. */
export function kindFaults(merged: ReadonlyMap<string, string>): string[] {
  return [...merged].flatMap(([key, value]) => {
    const setting = settings[key]
    if (!setting) return []
    const { kind, choices, ownChoice, default: byDefault } = setting
    // An empty value unsets most keys, but a number or a choice cannot be unset.
    if (value === '' && (byDefault === '' || kind === 'array' || (kind === 'string' && !choices))) {
      return []
    }
    const number = /^-?\d+(\.\d+)?$/.test(value)
    const reads =
      kind === 'number'
        ? number
        : kind === 'boolean'
          ? ['on', 'off', 'true', 'false'].includes(value)
          : !(number && neverNumbers.includes(key))
    if (!reads) return [`${key} is not a ${kind}: '${value}'`]
    if (kind === 'number' && value.startsWith('-')) return [`${key} must be 0 or greater`]
    return choices && value !== ownChoice && !choices.includes(value)
      ? [`${key} has an invalid value: '${value}' (${choices.join(', ')})`]
      : []
  })
}

export function trustedFaults(entries: readonly string[]): string[] {
  return entries
    .filter((entry) => entry !== 'unix:' && !isAddressOrBlock(entry))
    .map(
      (entry) =>
        `trusted_ips must be a comma separated list in the form of IPv4 or IPv6 address or CIDR block or 'unix:', got '${entry}'`,
    )
}

function isAddressOrBlock(entry: string): boolean {
  try {
    addressSet([entry])
    return !entry.endsWith('/')
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

export function headerFaults(entries: readonly string[]): string[] {
  return entries
    .filter((entry) => entry !== 'off' && !headerTokens.includes(entry.toLowerCase()))
    .map((entry) => `headers: invalid entry '${entry}'`)
}

/** `pg_port` and the like: whole numbers that a socket takes. */
export function portFaults(key: string, text: string): string[] {
  const port = Number(text)
  return Number.isFinite(port) && !(Number.isInteger(port) && port >= 1 && port <= 65_535)
    ? [`${key} must be a port from 1 to 65535, got '${text}'`]
    : []
}

/** Name servers: an address, or an address and a port. */
export function resolverFaults(entries: readonly string[]): string[] {
  return entries
    .filter((entry) => parseResolver(entry) === undefined)
    .map(
      (entry) =>
        `dns_resolver must be a comma separated list in the form of IPv4/6 or IPv4/6:port, got '${entry}'`,
    )
}

/** `address:port`, IPv6 in brackets; undefined when the entry is none. */
export function parseResolver(entry: string): string | undefined {
  const bare = entry.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return bare.includes(':') ? `[${bare}]:53` : `${bare}:53`
  const end = parseHostPort(entry)
  if (!end || isIP(end.host) === 0) return undefined
  return end.host.includes(':') ? `[${end.host}]:${end.port}` : `${end.host}:${end.port}`
}
