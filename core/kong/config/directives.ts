import { isIP, isIPv6 } from 'node:net'
import type { Upstream } from '#core/model/upstream.ts'
import { expandIpv6 } from './address.ts'
import type { InjectionBlock, KongConfig } from './kong-config.ts'
import { parseSizeBytes, parseTimeMs } from './units.ts'

/** What injected nginx directives ask of a node. An absent field was not asked for. */
export interface Directives {
  /** `proxy_bind`: source of upstream connections; undefined = the kernel chooses. */
  readonly httpSource?: Upstream['source']
  readonly streamSource?: Upstream['source']
  /** `preread_timeout`: how long the first bytes of a stream client are awaited. */
  readonly firstBytesTimeoutMs?: number
  /** `proxy_timeout`: idle time of every stream session of this node, in place of the Service's timeouts. */
  readonly streamIdleTimeoutMs?: number
  /** `add_header`. */
  readonly responseHeader?: readonly [name: string, value: string]
  /** `keepalive_timeout`: idle time of client connections. */
  readonly keepAliveTimeoutMs?: number
  /** `large_client_header_buffers`: the buffers' sum. */
  readonly maxHeadBytes?: number
  /** `client_header_timeout`: longest time for a request head to arrive. */
  readonly headTimeoutMs?: number
  /** `client_max_body_size`, in place of the key of the same name; 0 = unlimited. */
  readonly maxBodyBytes?: number
  /** The same for the Admin API, which also inherits what stands in the `http` block. */
  readonly admin?: AdminDirectives
}

export type AdminDirectives = Pick<
  Directives,
  'responseHeader' | 'keepAliveTimeoutMs' | 'maxHeadBytes' | 'headTimeoutMs' | 'maxBodyBytes'
>

type Injected = KongConfig['injected']
type ReadDirective = (value: string) => Directives | string

/**
 * The directives understood in each block. The server's block (`proxy`, `sproxy`) overrides the one around it (`http`,
 * `stream`), so that order matters.
 */
const known: readonly (readonly [InjectionBlock, Readonly<Record<string, ReadDirective>>])[] =
  (() => {
    const server: Record<string, ReadDirective> = {
      add_header: (value) =>
        mapped(parseAddHeader(value), (responseHeader) => ({ responseHeader })),
      keepalive_timeout: (value) =>
        mapped(time(value), (keepAliveTimeoutMs) => ({ keepAliveTimeoutMs })),
      large_client_header_buffers: (value) =>
        mapped(parseBuffers(value), (maxHeadBytes) => ({ maxHeadBytes })),
      client_header_timeout: (value) => mapped(time(value), (headTimeoutMs) => ({ headTimeoutMs })),
      client_max_body_size: (value) => mapped(bytes(value), (maxBodyBytes) => ({ maxBodyBytes })),
    }
    const http: Record<string, ReadDirective> = {
      proxy_bind: (value) =>
        mapped(parseProxyBind(value), ({ source }) => ({ httpSource: source })),
      ...server,
      // The timeouts of the Service win, as they do in Kong.
      proxy_connect_timeout: (value) => mapped(time(value), () => ({})),
      proxy_send_timeout: (value) => mapped(time(value), () => ({})),
      proxy_read_timeout: (value) => mapped(time(value), () => ({})),
    }
    const stream: Record<string, ReadDirective> = {
      proxy_bind: (value) =>
        mapped(parseProxyBind(value), ({ source }) => ({ streamSource: source })),
      preread_timeout: (value) =>
        mapped(time(value), (firstBytesTimeoutMs) => ({ firstBytesTimeoutMs })),
      proxy_timeout: (value) =>
        mapped(time(value), (streamIdleTimeoutMs) => ({ streamIdleTimeoutMs })),
      // A ClientHello of any permitted length is always read whole.
      preread_buffer_size: (value) => mapped(bytes(value), () => ({})),
    }
    return [
      ['http', http],
      ['proxy', http],
      ['admin', server],
      ['stream', stream],
      ['sproxy', stream],
    ]
  })()

/** Directives that tune the machinery of nginx and Lua: it is not there, so each value of them is kept. */
const machinery =
  /^(lua_(shared_dict|code_cache|package_c?path|socket_.+|regex_.+|max_.+)|max_(pending|running)_timers|server_tokens|(variables|server_names|types|map|proxy_headers)_hash_(bucket|max)_size)$/

/** Kong 1.1 gives the Admin API a limit of bodies of its own. */
const inheritedByAdmin: ReadonlySet<string> = new Set([
  'add_header',
  'keepalive_timeout',
  'large_client_header_buffers',
  'client_header_timeout',
])

/** Reads the injected directives (Kong 1.1, "Injecting individual Nginx directives"); all faults at once. */
export function parseDirectives(injected: Injected): {
  readonly directives: Directives
  readonly faults: readonly string[]
} {
  let directives: Directives = {}
  let admin: Directives = {}
  const faults: string[] = []
  for (const [block, readers] of known) {
    for (const [name, value] of Object.entries(injected[block])) {
      const key = `nginx_${block}_${name}`
      if (machinery.test(name)) continue
      const read = Object.hasOwn(readers, name) ? readers[name] : undefined
      const result = read ? read(value) : `is not supported: ${supported(readers)}`
      if (typeof result === 'string') {
        faults.push(`${key} ${result}`)
        continue
      }
      if (block !== 'admin') directives = { ...directives, ...result }
      if (block === 'admin' || (block === 'http' && inheritedByAdmin.has(name))) {
        admin = { ...admin, ...result }
      }
    }
  }
  return {
    directives: Object.keys(admin).length === 0 ? directives : { ...directives, admin },
    faults,
  }
}

function supported(readers: Readonly<Record<string, ReadDirective>>): string {
  return `the directives of this block are ${Object.keys(readers).join(', ')}`
}

function parseProxyBind(value: string): { readonly source: Upstream['source'] } | string {
  if (value === 'off') return { source: undefined }
  if (/^\$remote_addr\s+transparent$/.test(value)) return { source: 'client' }
  const [end = '', ...rest] = value.split(/\s+/)
  // Port 0 is any port; no other one could serve two connections to the same place.
  const [, bracketed, bare = ''] = /^(?:\[([^\]]*)\]|([^:]*|[^[]*))(?::0)?$/.exec(end) ?? []
  const address = bracketed ?? bare
  if (isIP(address) === 0 || (rest.length > 0 && rest.join(' ') !== 'transparent')) {
    return `must be of form: off | <ip> [transparent] | $remote_addr transparent, got '${value}'`
  }
  const plain = isIPv6(address) ? expandIpv6(address) : address
  return { source: { address: plain, transparent: rest.length > 0 } }
}

function parseAddHeader(value: string): readonly [string, string] | string {
  const [name = '', content, ...rest] = words(value)
  const valid =
    /^[!#$%&'*+.^_`|~\w-]+$/.test(name) &&
    content !== undefined &&
    !/[^\t\x20-\x7e\x80-\xff]/.test(content) &&
    ['', 'always'].includes(rest.join(' '))
  return valid ? [name, content] : `must be of form: <name> <value> [always], got '${value}'`
}

/** The parameters of a directive; what is in quotes is one of them. */
function words(value: string): readonly string[] {
  const found = value.matchAll(/(?<!\S)(?:"([^"]*)"|'([^']*)'|(\S+))(?!\S)/g)
  return Array.from(found, ([, double, single, bare]) => double ?? single ?? bare ?? '')
}

function parseBuffers(value: string): number | string {
  const [, count, size] = /^(\d+)\s+(\d+[kKmM]?)$/.exec(value) ?? []
  const sum = Number(count) * (parseSizeBytes(size ?? '') ?? 0)
  return sum > 0 ? sum : `must be of form: <number> <size>, got '${value}'`
}

function bytes(value: string): number | string {
  return parseSizeBytes(value) ?? `must be a size such as 0, 8k or 10m, got '${value}'`
}

function time(value: string): number | string {
  const ms = parseTimeMs(value)
  // setTimeout takes no more than 31 bits.
  return ms !== undefined && ms < 2 ** 31
    ? ms
    : `must be a time of at most 24 days such as 500ms, 30s or 1m, got '${value}'`
}

function mapped<value extends object | number>(
  result: value | string,
  use: (value: value) => Directives,
): Directives | string {
  return typeof result === 'string' ? result : use(result)
}
