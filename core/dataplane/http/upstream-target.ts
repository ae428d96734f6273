import { isIP, isIPv6 } from 'node:net'
import { httpSchemes, type AddressRewrites } from '#core/dataplane/mesh/address-rewrites.ts'
import type { RequestHead } from '#core/codec/http1-request-head.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { ExchangeTarget } from '#core/model/http-filter.ts'
import type { HttpRoute } from '#core/model/http-route.ts'
import type { Identity } from '#core/model/identity.ts'
import type { Upstream } from '#core/model/upstream.ts'

/** Where a request goes, and under which name. */
export interface UpstreamTarget {
  /** Name of a pool, literal address (IPv6 without brackets) or host name. */
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** `Host` of the request to the upstream. */
  readonly hostHeader: string
  /** Sent as SNI; undefined for a plain upstream, and where the name is an address. */
  readonly serverName: string | undefined
  /** Whether the name stays the same, whichever address is chosen for it. */
  readonly nameGiven: boolean
  /** Equal for requests whose upstream connections differ in nothing but address and server name. */
  readonly manner: string
}

/** What an upstream is called. */
export type UpstreamName = Pick<UpstreamTarget, 'hostHeader' | 'serverName'>

interface ClientFacts {
  readonly encrypted: boolean
  readonly destination: SocketAddress
}

/** What becomes of where a route sends its requests. */
export interface TargetChanges {
  /** What filters put in its place. */
  readonly target?: ExchangeTarget | undefined
  readonly hostHeader?: string | undefined
  readonly rewrites?: AddressRewrites | undefined
}

/** Targets that depend on nothing but the route and whether it is reached by TLS. */
const fixedTargets = {
  plain: new WeakMap<HttpRoute, UpstreamTarget>(),
  tls: new WeakMap<HttpRoute, UpstreamTarget>(),
}

/**
 * Kong 1.1: the Service's address; without a Service the one that the client named in the request line, else in Host,
 * else the one it connected to. `origins` then puts another one in its place.
 * @throws RewriteError
 */
export function chooseUpstreamTarget(
  route: HttpRoute,
  head: RequestHead,
  client: ClientFacts,
  changes: TargetChanges = {},
): UpstreamTarget {
  const { upstream, forward } = route
  const { rewrites } = changes
  const givenName = changes.hostHeader ?? (forward.preserveHost ? head.authority : undefined)
  const meant = changes.target ?? addressOf(upstream, head, client)
  const address = rewrites?.apply(meant, httpSchemes) ?? meant
  if (changes.target !== undefined || givenName !== undefined || rewrites !== undefined) {
    return nameTarget(address, upstream, givenName)
  }
  if (upstream.target === 'original-destination') return nameTarget(address, upstream, undefined)
  const fixed = fixedTargets[address.tls ? 'tls' : 'plain']
  const known = fixed.get(route)
  if (known !== undefined) return known
  const chosen = nameTarget(address, upstream, undefined)
  fixed.set(route, chosen)
  return chosen
}

function addressOf(
  { target, transport }: Upstream,
  head: RequestHead,
  client: ClientFacts,
): Address {
  if (target === 'original-destination') return namedTarget(head, client, transport)
  const { host, port } = target
  return {
    host,
    port,
    tls: transport === 'tls' || (transport === 'same-as-client' && client.encrypted),
  }
}

/** What the upstream is called at an address that was chosen for it: the name of a pool's target counts. */
export function nameAt(target: UpstreamTarget, chosen: ChosenName): UpstreamName {
  if (target.nameGiven) return target
  if (chosen.targetHost === undefined && chosen.port === target.port) return target
  return nameOf({ host: chosen.targetHost ?? target.host, port: chosen.port, tls: target.tls })
}

interface ChosenName {
  readonly targetHost: string | undefined
  readonly port: number
}

/**
 * Equal for requests that can share an upstream connection.
 * @param membership names what the node belonged to when it was made.
 */
export function connectionKey(
  { manner, tls }: UpstreamTarget,
  { address, port }: SocketAddress,
  { serverName }: UpstreamName,
  membership = '',
): string {
  return `${address} ${port} ${serverName ?? ''} ${manner} ${tls ? membership : ''}`
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
  // Of a peer of the mesh the name comes as it stood in X-Forwarded-Host, which nobody has checked.
  if (host === '' || !Number.isInteger(port) || port < 1 || port > 65_535) {
    return { host: destination.address, port: destination.port, tls }
  }
  return { host, port, tls }
}

function nameTarget(
  address: Address,
  { source, identity }: Upstream,
  givenName: string | undefined,
): UpstreamTarget {
  const { host, port, tls } = address
  const from = typeof source === 'object' ? `${source.transparent ? '~' : ''}${source.address}` : ''
  const as = tls && identity !== undefined ? identityNumber(identity) : ''
  return {
    host,
    port,
    tls,
    ...nameOf(address, givenName),
    nameGiven: givenName !== undefined,
    manner: `${tls ? 'tls' : 'tcp'} ${from} ${as}`,
  }
}

function nameOf({ host, port, tls }: Address, givenName?: string): UpstreamName {
  const portSuffix = port === (tls ? 443 : 80) ? '' : `:${port}`
  const hostHeader = givenName ?? (isIPv6(host) ? `[${host}]` : host) + portSuffix
  const name = splitAuthority(hostHeader).host
  return { hostHeader, serverName: tls && isIP(name) === 0 ? name : undefined }
}

/** Identities are told apart as objects: what differs may differ in a private key alone. */
function identityNumber(identity: Identity): number {
  let number = identityNumbers.get(identity)
  if (number === undefined) identityNumbers.set(identity, (number = ++identities))
  return number
}

const identityNumbers = new WeakMap<Identity, number>()
let identities = 0
