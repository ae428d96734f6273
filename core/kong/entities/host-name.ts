import { isIPv4, isIPv6 } from 'node:net'

/** What a text that should name a host turns out to be. */
export interface HostKind {
  readonly kind: 'name' | 'ip' | 'invalid'
  readonly hasPort: boolean
}

/** Judges a host as Kong 1.1 does: more than one colon makes it IPv6, digits and dots alone make it IPv4. */
export function classifyHost(text: string): HostKind {
  const colons = text.split(':').length - 1
  if (colons > 1) return classifyIpv6(text)
  const [host = '', port] = text.split(':')
  const hasPort = port !== undefined
  if (hasPort && !/^\d+$/.test(port)) return { kind: 'invalid', hasPort }
  if (/^[\d.]+$/.test(host)) return { kind: isIPv4(host) ? 'ip' : 'invalid', hasPort }
  return { kind: isHostName(host) ? 'name' : 'invalid', hasPort }
}

function classifyIpv6(text: string): HostKind {
  const [, bracketed, port] = /^\[([^\]]*)\](?::(\d+))?$/.exec(text) ?? []
  const address = bracketed ?? text
  // A zone (`%eth0`) names an interface of one machine and cannot be shared.
  const valid = isIPv6(address) && !address.includes('%')
  return { kind: valid ? 'ip' : 'invalid', hasPort: port !== undefined }
}

function isHostName(text: string): boolean {
  return text.split('.').every((label) => /^\w(?:[\w-]*\w)?$/.test(label))
}

/** A host name or an IP address, without port. */
export function checkHost(host: string): string | undefined {
  const { kind, hasPort } = classifyHost(host)
  if (kind === 'invalid') return `invalid value: ${host}`
  return hasPort ? 'must not have a port' : undefined
}

/** A host name with at most one `*` as its leftmost or rightmost label, which other rules have checked; or an IP address. */
export function checkHostPattern(host: string): string | undefined {
  const fault = checkHost(host.replace('*', 'abc'))
  return fault?.startsWith('invalid value') === true ? `invalid value: ${host}` : fault
}

/** A host name, without port: what a TLS client can send as server name. */
export function checkServerName(name: string): string | undefined {
  const { kind, hasPort } = classifyHost(name)
  if (kind === 'invalid') return `invalid value: ${name}`
  if (kind === 'ip') return 'must not be an IP'
  return hasPort ? 'must not have a port' : undefined
}
