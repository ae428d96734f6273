import { headerValue, HeaderField } from '#core/codec/http1-header-field.ts'
import type { RequestHead } from '#core/codec/http1-request-head.ts'
import type { AddressRewrites } from '#core/dataplane/mesh/address-rewrites.ts'
import { cameByRoute, type MeshRequest } from '#core/dataplane/mesh/mesh-request.ts'
import { sourceFor } from '#core/dataplane/upstreams/dial.ts'
import type { HttpRoute } from '#core/model/http-route.ts'
import type { HttpListener } from '#core/model/listener.ts'
import type { Arrival } from '#core/model/mesh.ts'
import type { ReplyCause } from '#core/model/local-reply.ts'
import type { SourceAddress, Upstream } from '#core/model/upstream.ts'
import { chooseHttpRoute } from './choose-http-route.ts'
import { forwardRequestHeaders, type ClientSide } from './forward-headers.ts'
import { rewritePath } from './rewrite-path.ts'
import {
  chooseUpstreamTarget,
  splitAuthority,
  type TargetChanges,
  type UpstreamTarget,
} from './upstream-target.ts'

/** The route that takes a request. */
export interface Routed {
  readonly kind: 'routed'
  readonly route: HttpRoute
  /** The part of the path that the route's paths matched; undefined when the route has none. */
  readonly matchedPath: string | undefined
}

export interface Refusal {
  readonly kind: 'refusal'
  readonly cause: ReplyCause
  /** The route that would have taken the request. */
  readonly route: HttpRoute | undefined
}

/** Decides who takes a request. */
export function routeRequest(
  head: RequestHead,
  routes: readonly HttpRoute[],
  client: ClientSide,
): Routed | Refusal {
  const chosen = chooseHttpRoute(routes, {
    method: head.method,
    host: splitAuthority(head.authority ?? '').host,
    path: head.path,
  })
  if (chosen === undefined) {
    return { kind: 'refusal', cause: { kind: 'no-route' }, route: undefined }
  }
  const { route, matchedPath } = chosen
  if (route.match.encryption === 'required' && !arrivedEncrypted(head, client)) {
    return { kind: 'refusal', cause: { kind: 'upgrade-required' }, route }
  }
  return { kind: 'routed', route, matchedPath }
}

/** How a listener prefers its routes. */
type Preference = Pick<HttpListener, 'routes' | 'routesOfPlainClients'>

/**
 * Decides who takes a request of a peer of the mesh. Of routes that are alike but for their protocols it is the one of the
 * client, whom the peer has met, and not that of the peer's own TLS: the one that the peer took, if it is one of them.
 */
export function routePeerRequest(
  head: RequestHead,
  { routes, routesOfPlainClients }: Preference,
  client: ClientSide,
  from: MeshRequest,
): Routed | Refusal {
  if (routesOfPlainClients === undefined) return routeRequest(head, routes, client)
  const [likely, other] = from.clientEncrypted
    ? [routes, routesOfPlainClients]
    : [routesOfPlainClients, routes]
  const byClient = routeRequest(head, likely, client)
  if (peerTook(from, byClient)) return byClient
  const byOther = routeRequest(head, other, client)
  return peerTook(from, byOther) ? byOther : byClient
}

function peerTook(from: MeshRequest, { route }: Routed | Refusal): boolean {
  return route !== undefined && cameByRoute(from, route.id)
}

/** What is to be sent to the upstream that was chosen for a request. */
export interface ExchangePlan {
  readonly upstream: Upstream
  readonly source: SourceAddress | undefined
  readonly target: UpstreamTarget
  /** The request's method as it is sent. */
  readonly method: string
  /** Whether the upstream may switch to WebSocket. */
  readonly upgrade: boolean
  /** The request's head as it is written to an upstream of this name. */
  renderHead(hostHeader: string, to: Arrival): string
}

/** What filters made of a request. */
export interface RequestChanges extends TargetChanges {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly fields: readonly HeaderField[]
  /** Length of the body that replaces the client's. */
  readonly bodyBytes: number | undefined
}

/** What holds for a request, whoever takes it. */
export interface PlanTerms {
  /** What filters made of it. */
  readonly changes?: RequestChanges | undefined
  readonly rewrites: AddressRewrites | undefined
  /** Through which nodes of the mesh it has come, this one included. */
  readonly passage: string
}

/**
 * Decides what is sent to the upstream of a route.
 * @throws RewriteError when its upstream is to be dialled where no HTTP is spoken.
 */
export function planExchange(
  head: RequestHead,
  { route, matchedPath }: Routed,
  client: ClientSide,
  { changes, rewrites, passage }: PlanTerms,
): ExchangePlan {
  const upgrade =
    head.minorVersion === 1 && headerValue(head.fields, 'upgrade')?.toLowerCase() === 'websocket'
  const method = changes?.method ?? head.method
  const source = sourceFor(route.upstream, client.client)
  const upstreamTarget = chooseUpstreamTarget(route, head, client, { ...changes, rewrites })
  const target =
    changes === undefined
      ? rewritePath(route.forward, head.path, matchedPath) + head.query
      : legalTarget(changes.path, changes.query)
  return {
    upstream: route.upstream,
    source,
    // A connection that one client is named on is not another one's.
    target:
      route.upstream.source === 'client'
        ? { ...upstreamTarget, manner: `${upstreamTarget.manner} ${source?.address}` }
        : upstreamTarget,
    method,
    upgrade,
    renderHead: (hostHeader, to) => {
      const upstream =
        to === 'mesh-peer' ? { hostHeader, upgrade, passage } : { hostHeader, upgrade }
      const fields = forwardRequestHeaders(head, client, upstream, changes)
      return `${method} ${target} HTTP/1.1\r\n${HeaderField.render(fields)}\r\n`
    },
  }
}

/** Whether a request says of itself that it is too large. */
export function declaresTooMuch({ framing }: RequestHead, maxBodyBytes: number): boolean {
  return maxBodyBytes > 0 && framing.kind === 'length' && framing.length > maxBodyBytes
}

/** A request target that ends nowhere too early, whatever a filter made of it. */
function legalTarget(path: string, query: string): string {
  const rooted = path.startsWith('/') ? path : `/${path}`
  return (rooted + query).replace(/[^\x21-\x7e]|#/gu, (character) =>
    Array.from(
      Buffer.from(character, 'utf8'),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    ).join(''),
  )
}

function arrivedEncrypted(head: RequestHead, client: ClientSide): boolean {
  if (client.encrypted) return true
  return client.peerTrusted && headerValue(head.fields, 'x-forwarded-proto') === 'https'
}
