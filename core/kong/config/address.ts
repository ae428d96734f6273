import { isIPv4 } from 'node:net'

/** An IPv6 address as eight full groups in lower case, without brackets, as Kong 1.1 writes it. */
export function expandIpv6(address: string): string {
  // The URL parser is the one place in the platform that knows how to fold an embedded IPv4 address.
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = short.split('::')
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(':')
}

/** Splits `host:port` or `[IPv6]:port`; undefined when it is neither, or the port is not 1 to 65535. */
export function parseHostPort(
  text: string,
): { readonly host: string; readonly port: number } | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(parts?.[3])
  if (!parts || port < 1 || port > 65_535) return undefined
  const [, v6, name = ''] = parts
  if (v6 !== undefined) return isIpv6(v6) ? { host: expandIpv6(v6), port } : undefined
  return isHost(name) ? { host: name, port } : undefined
}

/** Node's own test takes 4 ms when it is first asked, and lets zones through. */
function isIpv6(text: string): boolean {
  return /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`)
}

/** Whether the text is an IPv4 address or a host name (letters, digits, `-`, `_` and dots). */
function isHost(text: string): boolean {
  return /^[\d.]+$/.test(text) ? isIPv4(text) : /^[\w-]+(\.[\w-]+)*\.?$/.test(text)
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':')
}
