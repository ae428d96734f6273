import { isIPv4 } from 'node:net'
import { classifyHost } from './host-name.ts'

const defaultPort = 8000

export interface TargetAddress {
  /** A host name, IPv4, or IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/** Reads `host`, `host:port`, `1.2.3.4:80`, `::1` or `[::1]:80`; undefined when it is none of these. */
export function parseTarget(text: string): TargetAddress | undefined {
  const { kind } = classifyHost(text)
  if (kind === 'invalid') return undefined
  const [, bracketed, plain = '', portText] = /^(?:\[(.*)\]|(.*?))(?::(\d+))?$/.exec(text) ?? []
  const isBareIpv6 = bracketed === undefined && text.split(':').length > 2
  if (isBareIpv6) return { host: text, port: defaultPort }
  const port = portText === undefined ? defaultPort : Number(portText)
  return port > 65_535 ? undefined : { host: bracketed ?? plain, port }
}

export function checkTarget(text: string): string | undefined {
  return parseTarget(text) === undefined
    ? 'Invalid target; not a valid hostname or ip address'
    : undefined
}

/** The one way of writing a target: with its port, and IPv6 in full length. */
export function normalTarget(text: string): string | undefined {
  const address = parseTarget(text)
  if (address === undefined) return undefined
  const { host, port } = address
  return host.includes(':') ? `[${expandIpv6(host)}]:${port}` : `${host}:${port}`
}

/** Eight groups of four lower-case digits. */
function expandIpv6(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::')
  const left = groupsOf(head)
  const right = groupsOf(tail ?? '')
  const gap = tail === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...Array.from({ length: gap }, () => '0'), ...right]
  return groups.map((group) => group.padStart(4, '0')).join(':')
}

function groupsOf(text: string): readonly string[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!isIPv4(group)) return [group]
    const bytes = group.split('.').map(Number)
    return [0, 2].map((at) => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16))
  })
}
