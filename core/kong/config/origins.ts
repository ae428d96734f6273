import { isIPv4, isIPv6 } from 'node:net'
import { expandIpv6 } from './address.ts'

/** One outgoing address that a node replaces by another (Kong 1.1, "origins"). */
export interface Origin {
  /** Its scheme is in lower case. Compared exactly with where a request or connection would go. */
  readonly from: OriginEnd
  /** Its scheme stands as it was written. */
  readonly to: OriginEnd
}

export interface OriginEnd {
  readonly scheme: string
  /** Host name as written, IPv4, or IPv6 as eight full groups without brackets. */
  readonly host: string
  readonly port: number
}

const form = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^=/]+:\d+)=([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/]+)$/

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443 }

/** Reads the entries of `origins`; all faults at once, in Kong 1.1's words. */
export function parseOrigins(entries: readonly string[]): {
  readonly origins: readonly Origin[]
  readonly faults: readonly string[]
} {
  const origins: Origin[] = []
  const faults: string[] = []
  const known = new Set<string>()
  for (const entry of entries) {
    const origin = parseOrigin(entry)
    if (typeof origin === 'string') {
      faults.push(origin)
      continue
    }
    const from = renderOriginEnd(origin.from)
    if (known.has(from)) faults.push(`duplicate origin (${from})`)
    else origins.push(origin)
    known.add(from)
  }
  return { origins, faults }
}

/** `scheme://host:port`, IPv6 in brackets. */
export function renderOriginEnd({ scheme, host, port }: OriginEnd): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function parseOrigin(entry: string): Origin | string {
  const [, fromScheme, fromAuthority, toScheme, toAuthority] = form.exec(entry) ?? []
  if (
    fromScheme === undefined ||
    fromAuthority === undefined ||
    toScheme === undefined ||
    toAuthority === undefined
  ) {
    return `an origin must be of the form 'from_scheme://from_host:from_port=to_scheme://to_host:to_port', got '${entry}'`
  }
  const from = parseAuthority(fromAuthority)
  if (typeof from === 'string') return `failed to parse authority: ${from}(${fromAuthority})`
  const to = parseAuthority(toAuthority)
  if (typeof to === 'string') return `failed to parse authority (${to})`
  const toPort = to.port ?? defaultPorts[toScheme]
  if (toPort === undefined) return `scheme has unknown default port: add a port to '${entry}'`
  return {
    from: { scheme: fromScheme.toLowerCase(), host: from.host, port: from.port ?? 0 },
    to: { scheme: toScheme, host: to.host, port: toPort },
  }
}

/** Splits `host`, `host:port`, `[IPv6]` or `[IPv6]:port`, or says what is wrong with it. */
function parseAuthority(
  authority: string,
): { readonly host: string; readonly port: number | undefined } | string {
  const [, bracketed, name = authority, digits] =
    /^(?:\[([^\]]*)\]|([^[\]]*?))(?::(\d+))?$/.exec(authority) ?? []
  // Without brackets, what follows the last colon of an IPv6 address belongs to it.
  const bare = bracketed === undefined && authority.split(':').length > 2
  const port = digits === undefined || bare ? undefined : Number(digits)
  if (port !== undefined && (port < 1 || port > 65_535)) return 'invalid port number'
  if (bare || bracketed !== undefined) {
    const address = bracketed ?? authority
    return isIPv6(address) && !address.includes('%')
      ? { host: expandIpv6(address), port }
      : `invalid ipv6 address: ${authority}`
  }
  if (/^[\d.]+$/.test(name)) {
    return isIPv4(name) ? { host: name, port } : `invalid ipv4 address: ${authority}`
  }
  const valid = name.split('.').every((label) => /^[\w-]+$/.test(label) && !label.endsWith('-'))
  return valid ? { host: name, port } : `invalid hostname: ${authority}`
}
