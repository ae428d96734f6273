import { addressSet } from '#core/base/cidr.ts'
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

/** Says which values are not of their key's kind, or none of its choices, in Kong 1.1's words. */
export function kindFaults(merged: ReadonlyMap<string, string>): string[] {
  return [...merged].flatMap(([key, value]) => {
    const { kind, choices, default: byDefault } = settings[key] ?? { kind: 'string', default: '' }
    // An empty value unsets most keys, but a number or a choice cannot be unset.
    if (value === '' && (byDefault === '' || kind === 'array' || (kind === 'string' && !choices))) {
      return []
    }
    const reads =
      (kind !== 'number' || /^\d+(\.\d+)?$/.test(value)) &&
      (kind !== 'boolean' || ['on', 'off', 'true', 'false'].includes(value))
    if (!reads) return [`${key} is not a ${kind}: '${value}'`]
    return choices && !choices.includes(value)
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
