import {
  headerField,
  headerFields,
  headerValue,
  type HeaderField,
} from '#core/codec/http1-header-field.ts'
import type { RequestHead } from '#core/codec/http1-request-head.ts'
import type { ResponseHead } from '#core/codec/http1-response-head.ts'
import type { SocketAddress } from '#core/model/address.ts'
import type { ResponseTokens } from '#core/model/listener.ts'
import { passageHeader, passageKey } from '#core/dataplane/mesh/mesh-request.ts'
import { httpDate } from './http-date.ts'
import { splitAuthority } from './upstream-target.ts'

/** What the forwarding headers say about the client's connection. */
export interface ClientSide {
  /** Address of the direct peer. */
  readonly peer: string
  /** The client as far as trusted peers tell the truth about it; otherwise the direct peer. */
  readonly client: SocketAddress
  /** Address that the peer connected to. */
  readonly destination: SocketAddress
  /** Whether that peer's own forwarding headers are believed. */
  readonly peerTrusted: boolean
  readonly encrypted: boolean
}

/** Stands in X-Forwarded-Host when the client named no host, as in Kong 1.1. */
const namelessHost = 'kong'

/** Concern one connection only, or are written anew. Expect is answered here, before the body is taken. */
const notForwardedUpstream = new Set([
  'connection',
  'expect',
  'host',
  'keep-alive',
  passageKey,
  'proxy-connection',
  'te',
  'upgrade',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
])

/** Never dropped because Connection names them: the message would mean something else. */
const indispensable = new Set(['content-length', 'transfer-encoding', 'host'])

/** What the request to the upstream is about, beside the client. */
export interface UpstreamSide {
  readonly hostHeader: string
  /** Whether the upstream may switch to WebSocket. */
  readonly upgrade: boolean
  /** For a peer of the mesh: through which nodes the request has come, this one included. */
  readonly passage?: string | undefined
}

/** What filters made of the client's headers and body. */
export interface HeaderChanges {
  readonly fields: readonly HeaderField[]
  /** Length of the body that replaces the client's. */
  readonly bodyBytes: number | undefined
}

/** Headers of the request to the upstream (Kong 1.1, "Proxy reference": proxying and upstream headers). */
export function forwardRequestHeaders(
  head: RequestHead,
  client: ClientSide,
  upstream: UpstreamSide,
  changes?: HeaderChanges,
): HeaderField[] {
  const fields = [...ownRequestHeaders(head, client, upstream)]
  if (changes !== undefined) {
    forwardChanged(head, changes, fields)
    return fields
  }
  for (const field of head.fields) {
    if (notForwardedUpstream.has(field.key)) continue
    if (isNominated(field.key, head.connectionOptions)) continue
    fields.push(field)
  }
  return fields
}

const framingHeaders = new Set(['content-length', 'transfer-encoding'])

/** Where a body ends is never for a filter's headers to say; and a client cannot nominate what a filter has set. */
function forwardChanged(head: RequestHead, changes: HeaderChanges, to: HeaderField[]): void {
  const given = new Set(head.fields)
  for (const field of changes.fields) {
    const { key } = field
    if (notForwardedUpstream.has(key) || framingHeaders.has(key)) continue
    if (given.has(field) && isNominated(key, head.connectionOptions)) continue
    to.push(field)
  }
  if (changes.bodyBytes === undefined) {
    to.push(...head.fields.filter(({ key }) => framingHeaders.has(key)))
  } else to.push(headerField('Content-Length', String(changes.bodyBytes)))
}

interface OwnHeaders extends UpstreamSide {
  readonly authority: string | undefined
  readonly fields: readonly HeaderField[]
}

/** The last result for each client whose own headers say nothing: request follows request with the same ones. */
const ownHeaders = new WeakMap<ClientSide, OwnHeaders>()

function ownRequestHeaders(
  head: RequestHead,
  client: ClientSide,
  upstream: UpstreamSide,
): readonly HeaderField[] {
  const { authority } = head
  const forwardedFor = allValues(head.fields, 'x-forwarded-for')
  if (client.peerTrusted || forwardedFor !== undefined) {
    return renderOwnRequestHeaders(head, client, upstream, forwardedFor)
  }
  const { hostHeader, upgrade, passage } = upstream
  const last = ownHeaders.get(client)
  if (
    last?.authority === authority &&
    last?.hostHeader === hostHeader &&
    last.upgrade === upgrade &&
    last.passage === passage
  ) {
    return last.fields
  }
  const fields = renderOwnRequestHeaders(head, client, upstream, undefined)
  ownHeaders.set(client, { authority, hostHeader, upgrade, passage, fields })
  return fields
}

function renderOwnRequestHeaders(
  head: RequestHead,
  client: ClientSide,
  { hostHeader, upgrade, passage }: UpstreamSide,
  forwardedFor: string | undefined,
): readonly HeaderField[] {
  const { peer, encrypted, destination } = client
  const believed = client.peerTrusted ? head.fields : []
  const forwarded = (what: string): string | undefined =>
    headerValue(believed, `x-forwarded-${what}`)
  const lines: (readonly [name: string, value: string])[] = [
    ['Host', hostHeader],
    ['Connection', upgrade ? 'upgrade' : 'keep-alive'],
    ['X-Real-IP', client.client.address],
    [
      'X-Forwarded-For',
      forwardedFor === undefined ? client.client.address : `${forwardedFor}, ${peer}`,
    ],
    ['X-Forwarded-Proto', forwarded('proto') ?? (encrypted ? 'https' : 'http')],
    ['X-Forwarded-Host', forwarded('host') ?? forwardedHost(head.authority)],
    ['X-Forwarded-Port', forwarded('port') ?? String(destination.port)],
  ]
  if (upgrade) lines.push(['Upgrade', 'websocket'])
  if (passage !== undefined) lines.push([passageHeader, passage])
  return headerFields(lines)
}

export interface Latencies {
  /** Spent waiting for the upstream. */
  readonly upstreamMs: number
  /** Spent in this proxy before the upstream was asked. */
  readonly proxyMs: number
}

export interface ResponseSide {
  readonly tokens: ResponseTokens
  readonly extraHeaders: readonly (readonly [name: string, value: string])[]
  readonly latencies: Latencies
  /** Whether the body goes to the client in chunks. */
  readonly chunked: boolean
  readonly connection: 'keep-alive' | 'close' | 'upgrade'
}

const notForwardedDownstream = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Headers of the response to the client (Kong 1.1, "headers" property). */
export function forwardResponseHeaders(head: ResponseHead, side: ResponseSide): HeaderField[] {
  const fields = receivedResponseHeaders(head, side)
  fields.push(...ownResponseHeaders(head.status, side))
  return fields
}

/** What the upstream's headers say to the client. */
export function receivedResponseHeaders(
  head: ResponseHead,
  side: Pick<ResponseSide, 'tokens' | 'connection'>,
): HeaderField[] {
  const replaced = replacedBy(side.tokens)
  const upgrade = side.connection === 'upgrade'
  const fields: HeaderField[] = []
  let dated = false
  for (const field of head.fields) {
    const { key } = field
    if (key === 'date') dated = true
    if (upgrade && key === 'upgrade') fields.push(field)
    else if (
      !notForwardedDownstream.has(key) &&
      !replaced.has(key) &&
      !isNominated(key, head.connectionOptions) &&
      !(key === 'content-length' && (head.status < 200 || head.status === 204))
    ) {
      fields.push(field)
    }
  }
  if (!dated) fields.push(headerField('Date', httpDate()))
  return fields
}

/** Headers of a response as filters left them; where its body ends is not for them to say. */
export function changedResponseHeaders(
  changed: readonly HeaderField[],
  side: Pick<ResponseSide, 'connection'>,
  contentLength: string | undefined,
): HeaderField[] {
  const upgrade = side.connection === 'upgrade'
  const fields = changed.filter(
    ({ key }) =>
      key !== 'content-length' &&
      (!notForwardedDownstream.has(key) || (upgrade && key === 'upgrade')),
  )
  if (contentLength !== undefined) fields.push(headerField('Content-Length', contentLength))
  return fields
}

interface OwnResponseHeaders extends Omit<ResponseSide, 'latencies'>, Latencies {
  readonly status: number
  readonly fields: readonly HeaderField[]
}

/** The last result: a busy proxy's answers seldom differ in what it adds. */
let lastOwn: OwnResponseHeaders | undefined

/** @param status the upstream's. */
export function ownResponseHeaders(status: number, side: ResponseSide): readonly HeaderField[] {
  const { tokens, extraHeaders, chunked, connection } = side
  const { upstreamMs, proxyMs } = side.latencies
  if (
    lastOwn?.tokens === tokens &&
    lastOwn.extraHeaders === extraHeaders &&
    lastOwn.upstreamMs === upstreamMs &&
    lastOwn.proxyMs === proxyMs &&
    lastOwn.chunked === chunked &&
    lastOwn.connection === connection &&
    lastOwn.status === status
  ) {
    return lastOwn.fields
  }
  const lines: (readonly [name: string, value: string])[] = [['Connection', connection]]
  const add = (name: string | undefined, value: number): void => {
    if (name !== undefined) lines.push([name, String(value)])
  }
  if (chunked) lines.push(['Transfer-Encoding', 'chunked'])
  if (tokens.via !== undefined) lines.push(['Via', tokens.via])
  add(tokens.upstreamLatency, upstreamMs)
  add(tokens.proxyLatency, proxyMs)
  add(tokens.upstreamStatus, status)
  const fields = headerFields([...lines, ...extraHeaders])
  lastOwn = { tokens, extraHeaders, upstreamMs, proxyMs, chunked, connection, status, fields }
  return fields
}

const replacements = new WeakMap<ResponseTokens, ReadonlySet<string>>()

/** What the next node says about its own upstream is of no use to this node's client. */
function replacedBy(tokens: ResponseTokens): ReadonlySet<string> {
  const known = replacements.get(tokens)
  if (known !== undefined) return known
  const { via, upstreamLatency, proxyLatency, upstreamStatus } = tokens
  const names = [via && 'via', upstreamLatency, proxyLatency, upstreamStatus]
  const keys = new Set(names.filter((name) => name !== undefined).map((name) => name.toLowerCase()))
  replacements.set(tokens, keys)
  return keys
}

function isNominated(key: string, connectionOptions: readonly string[]): boolean {
  return connectionOptions.length > 0 && connectionOptions.includes(key) && !indispensable.has(key)
}

function allValues(fields: readonly HeaderField[], key: string): string | undefined {
  let joined: string | undefined
  for (const field of fields) {
    if (field.key === key) joined = joined === undefined ? field.value : `${joined}, ${field.value}`
  }
  return joined
}

/** As nginx's `$host`: in lower case, without a port and without the dot that may end a name. */
function forwardedHost(authority: string | undefined): string {
  if (authority === undefined) return namelessHost
  const host = splitAuthority(authority).host.toLowerCase()
  if (host.includes(':')) return `[${host}]`
  return host.length > 1 && host.endsWith('.') ? host.slice(0, -1) : host
}
