import { sameAuthority } from '#core/codec/http1-authority.ts'

/** A request's head in HTTP/1.1's words. */
export interface Http1RequestText {
  readonly text: string
  readonly method: string
  /** Whether the body that follows has to be sent in chunks. */
  readonly chunked: boolean
}

/**
 * Writes the head of an HTTP/2 request as one of HTTP/1.1 (RFC 9113 section 8). What cannot be said in HTTP/1.1, such as
 * a target that is no path, becomes a head that a strict reader answers with 400: its line says HTTP/2.0, or it has Host
 * twice or not at all.
 * @param rawHeaders names (lower case) and values in turn.
 */
export function http1RequestText(
  rawHeaders: readonly string[],
  { hasBody }: { readonly hasBody: boolean },
): Http1RequestText {
  const pseudo = new Map<string, string>()
  const hosts: string[] = []
  const cookies: string[] = []
  const lines: string[] = []
  let sized = false
  let sayable = true
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    const value = rawHeaders[at + 1]!
    if (!illegal.test(name) && !illegal.test(value)) {
      if (name.startsWith(':')) pseudo.set(name, value)
      else if (name === 'host') hosts.push(value)
      else if (name === 'cookie') cookies.push(value)
      else if (connectionBound.has(name)) sayable = false
      else lines.push(`${name}: ${value}`)
      sized ||= name === 'content-length'
    } else sayable = false
  }
  // RFC 9113 section 8.2.3: HTTP/2 may cut the cookies into lines, HTTP/1.1 wants one.
  if (cookies.length > 0) lines.push(`cookie: ${cookies.join('; ')}`)
  const chunked = hasBody && !sized
  if (chunked) lines.push('transfer-encoding: chunked')
  const method = pseudo.get(':method') ?? ''
  const path = pseudo.get(':path') ?? pseudo.get(':authority') ?? ''
  const version = sayable && path.startsWith('/') ? 'HTTP/1.1' : 'HTTP/2.0'
  const names = hostLines(pseudo.get(':authority'), hosts, pseudo.get(':scheme'))
  return {
    text: `${method} ${path} ${version}\r\n${[...names, ...lines].join('\r\n')}\r\n\r\n`,
    method,
    chunked,
  }
}

/** Would end a line, and the request with it. */
// oxlint-disable-next-line no-control-regex -- they are what it is about
const illegal = /[\r\n\0]/

/** Speak of a connection (RFC 9113 section 8.2.2). The library refuses them; were one to pass, it could smuggle. */
const connectionBound = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** RFC 9113 section 8.3.1: Host may repeat the authority, but say nothing else. */
function hostLines(
  authority: string | undefined,
  hosts: readonly string[],
  scheme: string | undefined,
): readonly string[] {
  const others = hosts.filter(
    (host) =>
      authority === undefined ||
      !sameAuthority(host, authority, scheme === 'https' ? 'https' : 'http'),
  )
  return [...(authority === undefined ? [] : [authority]), ...others].map((host) => `host: ${host}`)
}
