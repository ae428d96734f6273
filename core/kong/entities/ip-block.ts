import { isIPv4 } from 'node:net'

/** An IPv4 address or CIDR block; Kong 1.1 knows no others in sources and destinations. */
export function checkIpv4Block(text: string): string | undefined {
  const slash = text.indexOf('/')
  const address = slash === -1 ? text : text.slice(0, slash)
  const length = slash === -1 ? '32' : text.slice(slash + 1)
  if (!/^\d{1,2}$/.test(length) || Number(length) > 32) {
    return `invalid cidr range: Invalid prefix: /${length}`
  }
  return isIPv4(address) ? undefined : 'invalid cidr range: Invalid IP'
}
