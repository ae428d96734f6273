import { isIP, isIPv6 } from 'node:net'
import type { RequestHead } from '#core/codec/http1-request-head.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { HttpRoute } from '#core/model/http-route.ts'
import type { Upstream } from '#core/model/upstream.ts'

/** Where a request goes, and under which name. */
export interface UpstreamTarget {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** `Host` of the request to the upstream. */
  readonly hostHeader: string
  /** Sent as SNI; undefined for a plain upstream, and where the name is an address. */
  readonly serverName: string | undefined
  /** Equal for requests that can share an upstream connection. */
  readonly poolKey: string
}

interface ClientFacts {
  readonly encrypted: boolean
  readonly destination: SocketAddress
}

/** Targets that depend on nothing but the route and whether it is reached by TLS. */
const fixedTargets = {
  plain: new WeakMap<HttpRoute, UpstreamTarget>(),
  tls: new WeakMap<HttpRoute, UpstreamTarget>(),
}

/**
 * Kong 1.1: the Service's address; without a Service the one that the client named in the request line, else in Host,
 * else the one it connected to.
 */
export function chooseUpstreamTarget(
  route: HttpRoute,
  head: RequestHead,
  client: ClientFacts,
): UpstreamTarget {
  const { target, transport } = route.upstream
  const clientName = route.forward.preserveHost ? head.authority : undefined
  if (target === 'original-destination') {
    return nameTarget(namedTarget(head, client, transport), route.upstream, clientName)
  }
  const tls = transport === 'tls' || (transport === 'same-as-client' && client.encrypted)
  const fixed = fixedTargets[tls ? 'tls' : 'plain']
  const known = clientName === undefined ? fixed.get(route) : undefined
  if (known !== undefined) return known
  const { host, port } = target
  const chosen = nameTarget({ host, port, tls }, route.upstream, clientName)
  if (clientName === undefined) fixed.set(route, chosen)
  return chosen
}

/** Splits `host:port`; an IPv6 address loses its brackets. */
export function splitAuthority(authority: string): {
  readonly host: string
  readonly port: number | undefined
} {
  const bracket = authority.startsWith('[') ? authority.indexOf(']') : 0
  const colon = authority.indexOf(':', bracket)
  const host = colon === -1 ? authority : authority.slice(0, colon)
  const digits = colon === -1 ? '' : authority.slice(colon + 1)
  return {
    host: bracket > 0 ? host.slice(1, -1) : host,
    port: digits === '' ? undefined : Number(digits),
  }
}

type Address = Pick<UpstreamTarget, 'host' | 'port' | 'tls'>

function namedTarget(
  head: RequestHead,
  { encrypted, destination }: ClientFacts,
  transport: Upstream['transport'],
): Address {
  const scheme = head.targetScheme ?? (encrypted ? 'https' : 'http')
  const tls = transport === 'same-as-client' ? scheme === 'https' : transport === 'tls'
  const { host, port = scheme === 'https' ? 443 : 80 } = splitAuthority(head.authority ?? '')
  if (host === '' || port < 1 || port > 65_535) {
    return { host: destination.address, port: destination.port, tls }
  }
  return { host, port, tls }
}

function nameTarget(
  address: Address,
  upstream: Upstream,
  clientName: string | undefined,
): UpstreamTarget {
  const { host, port, tls } = address
  const portSuffix = port === (tls ? 443 : 80) ? '' : `:${port}`
  const hostHeader = clientName ?? (isIPv6(host) ? `[${host}]` : host) + portSuffix
  const name = splitAuthority(hostHeader).host
  const serverName = tls && isIP(name) === 0 ? name : undefined
  const { source } = upstream
  const from = source === undefined ? '' : `${source.transparent ? '~' : ''}${source.address}`
  const poolKey = `${host} ${port} ${tls ? 'tls' : 'tcp'} ${serverName ?? ''} ${from}`
  return { host, port, tls, hostHeader, serverName, poolKey }
}
